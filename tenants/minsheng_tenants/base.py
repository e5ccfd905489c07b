"""The declarative base and the shape every office's table shares."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

CONSTRAINT_NAMES = {
    "pk": "pk_%(table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Base(DeclarativeBase):
    """The one declarative base; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text(),
        bytes: LargeBinary(),
        int: BigInteger(),
        uuid.UUID: Uuid(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


class TenantTable:
    """A table of one office's rows: ``tenant_id`` leads every key of it."""

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)


class SubtreeTable:
    """A table of bodies: an office sees its own row and those whose ``ancestors`` name it."""

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    ancestors: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default="{}")


class PassedTable:
    """A table of what one office passed to another: both sides see a row, nobody else does."""

    from_tenant: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    to_tenant: Mapped[int] = mapped_column(Integer)
