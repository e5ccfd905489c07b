"""The tree of bodies: who stands below whom.

Codes are those of GB/T 2260 (2, 4 or 6 digits padded to 6 for province, city and county; 9 digits
for street and township by GB/T 10114); departments and ministries carry a code of their own.
The tree is a directory of public bodies without citizens' data, so ``code`` is unique over all.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Integer,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Mapped, Session, mapped_column

from minsheng_tenants.base import Base, SubtreeTable

TenantKind = Literal["central", "province", "city", "county", "street", "department", "ministry"]
KINDS: tuple[str, ...] = get_args(TenantKind)

PARENTS: dict[str, frozenset[str]] = {
    "central": frozenset(),
    "province": frozenset({"central"}),
    "ministry": frozenset({"central"}),
    "city": frozenset({"province"}),
    "county": frozenset({"city", "province"}),
    "street": frozenset({"county"}),
    "department": frozenset({"central", "province", "city", "county", "street", "ministry"}),
}
"""Which kinds of body a kind may stand below; a county may stand below a province (省直管县)."""

_CODES: dict[str, re.Pattern[str]] = {
    "central": re.compile(r"0{6}"),
    "province": re.compile(r"[1-9]\d0{4}"),
    "city": re.compile(r"[1-9]\d{3}0{2}"),
    "county": re.compile(r"[1-9]\d{5}"),
    "street": re.compile(r"[1-9]\d{8}"),
}
_FREE_CODE = re.compile(r"[0-9A-Z][0-9A-Z-]{1,30}")


class BodyInvalid(Exception):
    """A body cannot stand in the tree like this; ``field`` names what to change."""

    def __init__(self, field: str, message: str) -> None:
        """``message`` says what to do."""
        super().__init__(message)
        self.field = field


class BodyExists(BodyInvalid):
    """A body with this code stands in the tree already."""


class BodyNotFound(Exception):
    """No body of this code, or none that this session may see."""


class Tenant(SubtreeTable, Base):
    """A government body: a node of the tree, with channels, people and cases of its own."""

    __tablename__ = "tenants"
    __table_args__ = (CheckConstraint(f"kind in {KINDS}", name="kind"),)

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("tenants.id"), index=True)
    status: Mapped[str] = mapped_column(server_default="active")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


@dataclass(frozen=True, slots=True)
class NewBody:
    """What is needed to add a body; ``parent`` is a code, empty for the central body only."""

    code: str
    name: str
    kind: str
    parent: str = ""


def create_body(session: Session, new: NewBody) -> Tenant:
    """Add a body to the tree below one that the session's office may see.

    Raises BodyInvalid, BodyExists, or BodyNotFound for the parent. Flushes, does not commit.
    """
    _check_form(new)
    parent = find_body(session, new.parent) if new.parent else None
    _check_place(new, parent)
    body = Tenant(
        code=new.code, name=new.name, kind=new.kind, parent_id=parent.id if parent else None
    )
    try:
        with session.begin_nested():
            session.add(body)
    except IntegrityError as error:
        message = f"a body with code {new.code} exists already: choose another code"
        raise BodyExists("code", message) from error
    except ProgrammingError as error:
        message = f"{new.parent or 'the root'} is not below your office: name a parent that is"
        raise BodyInvalid("parent", message) from error
    session.refresh(body)
    return body


def find_body(session: Session, code: str) -> Tenant:
    """The body of a code within the session's own office and its subtree; raises BodyNotFound."""
    body = session.scalar(select(Tenant).where(Tenant.code == code))
    if body is None:
        message = f"no body with code {code!r} is known here"
        raise BodyNotFound(message)
    return body


def list_bodies(session: Session, after: str = "", limit: int = 100) -> Sequence[Tenant]:
    """Bodies the session may see, by code, those behind ``after`` first, at most ``limit``."""
    page = select(Tenant).where(Tenant.code > after).order_by(Tenant.code).limit(limit)
    return session.scalars(page).all()


_ALONE = text("lock table tenants in share row exclusive mode")
_CARRY = text("""
    update tenants set ancestors = :line || ancestors[array_position(ancestors, :body):]
    where :body = any(ancestors)
""").bindparams(bindparam("line", type_=ARRAY(Integer)))


def move_body(session: Session, code: str, parent: str) -> Tenant:
    """Put a body with everything below it under another parent, both named by code.

    For ``Database.owner_session``: an office may add bodies and move none. Codes, rows and users
    of the bodies stay; who sees them as its subtree changes at the commit. Two moves at once wait
    for each other, so that no circle can come about. Raises BodyNotFound, or BodyInvalid where
    the parent is the body itself, stands below it, or is of a kind that cannot bear it.
    """
    try:
        with session.begin_nested():
            session.execute(_ALONE)
    except ProgrammingError as error:
        message = "an office moves no body: the operator does, with minsheng tenants move"
        raise BodyInvalid("code", message) from error
    body, above = find_body(session, code), find_body(session, parent)
    if body.id == above.id or body.id in above.ancestors:
        message = f"{parent} is {code} itself or stands below it: name a parent elsewhere"
        raise BodyInvalid("parent", message)
    _check_kinds(body.kind, above)
    body.parent_id = above.id
    session.flush()
    session.execute(_CARRY, {"line": [*above.ancestors, above.id], "body": body.id})
    session.expire_all()
    session.refresh(body)
    return body


def _check_form(new: NewBody) -> None:
    if new.kind not in KINDS:
        message = f"unknown kind {new.kind!r}: use one of {', '.join(KINDS)}"
        raise BodyInvalid("kind", message)
    if not _CODES.get(new.kind, _FREE_CODE).fullmatch(new.code):
        message = f"{new.code!r} is no code of a {new.kind} (GB/T 2260): check its digits"
        raise BodyInvalid("code", message)
    if not new.name.strip() or len(new.name) > 100 or not new.name.isprintable():
        message = "a body needs a name of 1 to 100 printable characters"
        raise BodyInvalid("name", message)


def _check_place(new: NewBody, parent: Tenant | None) -> None:
    allowed = PARENTS[new.kind]
    if parent is None and allowed:
        message = f"a {new.kind} needs a parent: {', '.join(sorted(allowed))}"
        raise BodyInvalid("parent", message)
    if parent is not None:
        _check_kinds(new.kind, parent)


def _check_kinds(kind: str, parent: Tenant) -> None:
    if parent.kind not in PARENTS[kind]:
        message = f"a {kind} cannot stand below a {parent.kind}"
        raise BodyInvalid("parent", message)
