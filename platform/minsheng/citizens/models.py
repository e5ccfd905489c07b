"""What citizens do after they have written, and what the office shows them.

Everything hangs on the *message* of a citizen, never on the case alone: the ledger moves messages
between cases, and each citizen keeps their own code, rating and follow-ups wherever theirs stands.
"""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, Integer, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from minsheng_tenants import Base, TenantTable

FOLLOW_UP, COSIGN = "follow_up", "cosign"
_MESSAGE = ["messages.tenant_id", "messages.id"]
_CASE = ["cases.tenant_id", "cases.id"]


class Portal(TenantTable, Base):
    """How an office's portal looks and what it allows; without a row the defaults hold.

    ``accent`` and ``accent_dark`` are ``#rrggbb`` or empty (the product's own); ``low_at``: a
    rating with a mark at or below it is a low one (差评); days are calendar days.
    """

    __tablename__ = "portals"

    name: Mapped[str] = mapped_column(server_default="")
    welcome: Mapped[str] = mapped_column(server_default="")
    contact: Mapped[str] = mapped_column(server_default="")
    accent: Mapped[str] = mapped_column(server_default="")
    accent_dark: Mapped[str] = mapped_column(server_default="")
    open: Mapped[bool] = mapped_column(server_default=text("true"))
    low_at: Mapped[int] = mapped_column(SmallInteger, server_default="2")
    rate_days: Mapped[int] = mapped_column(SmallInteger, server_default="7")
    reopen_days: Mapped[int] = mapped_column(SmallInteger, server_default="30")
    changed_at: Mapped[datetime]


class QueryCode(TenantTable, Base):
    """The query code of a citizen's message, as blind indexes of it and of the last four digits."""

    __tablename__ = "query_codes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "message_id"], _MESSAGE),
        UniqueConstraint("tenant_id", "code_ix"),
    )

    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code_ix: Mapped[bytes]
    digits_ix: Mapped[bytes]
    made_at: Mapped[datetime]


class LinkedMessage(TenantTable, Base):
    """A message that stands where another one does, whatever the matcher would say of it.

    ``kind`` ``follow_up``: the same citizen writes again of the same matter (补充, 致谢), no new
    arrival in any rate. ``cosign``: another citizen has met with it too (我也遇到), an origin of
    its own. ``to_id`` is the message it follows.
    """

    __tablename__ = "linked_messages"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "message_id"], _MESSAGE),
        ForeignKeyConstraint(["tenant_id", "to_id"], _MESSAGE),
        Index(None, "tenant_id", "to_id"),
    )

    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    to_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    linked_at: Mapped[datetime]


class Rating(TenantTable, Base):
    """A citizen's rating of one round: 解决程度, 办理态度, 办理速度, each 1 to 5 or not given.

    ``source`` is ``portal`` or the plugin that brought it; ``words`` has placeholders for personal
    numbers. ``until``: the citizen may change it so long (the channel's word is the channel's).
    """

    __tablename__ = "ratings"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "message_id"], _MESSAGE),)

    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(Integer, primary_key=True)
    solved: Mapped[int | None] = mapped_column(SmallInteger)
    manner: Mapped[int | None] = mapped_column(SmallInteger)
    speed: Mapped[int | None] = mapped_column(SmallInteger)
    words: Mapped[str]
    source: Mapped[str]
    rated_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    until: Mapped[datetime]


class LowRatingReview(TenantTable, Base):
    """What a low rating asks of the office (差评倒查): cause, responsible, action; closed in words.

    One for each rating, ever: the unique key holds it.
    """

    __tablename__ = "low_rating_reviews"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "message_id"], _MESSAGE),
        UniqueConstraint("tenant_id", "message_id", "round"),
        Index(None, "tenant_id", "state", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    message_id: Mapped[uuid.UUID]
    round: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(server_default="open")
    cause: Mapped[str] = mapped_column(server_default="")
    responsible: Mapped[str] = mapped_column(server_default="")
    action: Mapped[str] = mapped_column(server_default="")
    opened_at: Mapped[datetime]
    closed_by: Mapped[str] = mapped_column(server_default="")
    closed_at: Mapped[datetime | None]


class Reopening(TenantTable, Base):
    """That a citizen had the case taken up again, once; the reason is a follow-up message."""

    __tablename__ = "reopenings"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "message_id"], _MESSAGE),
        ForeignKeyConstraint(
            ["tenant_id", "reason_id"], _MESSAGE, name="fk_reopenings_messages_reason"
        ),
    )

    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    reason_id: Mapped[uuid.UUID]
    round: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]


class PublicMatter(TenantTable, Base):
    """A case that the office shows to everybody, under a subject that an officer worded.

    ``anchor_id`` is the message that co-signers are linked to.
    """

    __tablename__ = "public_matters"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "case_id"], _CASE),
        ForeignKeyConstraint(["tenant_id", "anchor_id"], _MESSAGE),
        UniqueConstraint("tenant_id", "id"),
        Index(None, "tenant_id", "published_at", "case_id"),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID]
    anchor_id: Mapped[uuid.UUID]
    subject: Mapped[str]
    published_by: Mapped[str]
    published_at: Mapped[datetime]


class PublicPair(TenantTable, Base):
    """A character pair (hashed) of a public matter's subject, to find it while one types."""

    __tablename__ = "public_pairs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "case_id"],
            ["public_matters.tenant_id", "public_matters.case_id"],
            ondelete="CASCADE",
        ),
    )

    code: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class Sample(TenantTable, Base):
    """A re-inspection (回头看): closed cases drawn so that the same seed draws the same ones.

    ``population`` is how many cases were closed from ``since`` (included) to ``until``
    (excluded) and in sight of who drew.
    """

    __tablename__ = "samples"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    until: Mapped[datetime]
    seed: Mapped[str]
    population: Mapped[int] = mapped_column(Integer)
    drawn: Mapped[int] = mapped_column(Integer)
    drawn_by: Mapped[str]
    drawn_at: Mapped[datetime]


class SampleCase(TenantTable, Base):
    """A case of a sample and what was found; its history is the ledger's and stays."""

    __tablename__ = "sample_cases"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "sample_id"], ["samples.tenant_id", "samples.id"]),
        ForeignKeyConstraint(["tenant_id", "case_id"], _CASE),
        Index(None, "tenant_id", "case_id"),
    )

    sample_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(Integer)
    round: Mapped[int] = mapped_column(Integer)
    result: Mapped[str] = mapped_column(server_default="")
    words: Mapped[str] = mapped_column(server_default="")
    looked_by: Mapped[str] = mapped_column(server_default="")
    looked_at: Mapped[datetime | None]
