"""An office opens the first administrators of the bodies below it, by two people of its own.

A system administrator asks and keeps the initial password; a security administrator grants. The
database's function ``open_account`` (migration 0010) checks all of it again and writes one row of
users into the body: that the opening is granted by two people, that the body stands below and is
active, that nobody active holds the role there. From then on the body looks after its own people.

The body's own trail gets its entry (``opening.open``, by ``office:<code>/<user>``) in a session of
the body, committed just before the account: should the machine stop between the two, the trail
says more than was done, never less.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import or_, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from minsheng.accounts.errors import AccountInvalid
from minsheng.accounts.models import AccountOpening
from minsheng.accounts.passwords import hash_password
from minsheng.accounts.people import new_password
from minsheng.accounts.roles import ADMINISTRATORS
from minsheng.accounts.users import ACTIVE, NewUser, check_new_user
from minsheng.audit import Actor, Tools
from minsheng.runtime.ids import new_id
from minsheng_tenants import Tenant, find_body, tenant_of

ASKED, GRANTED, REFUSED = "asked", "granted", "refused"
MAX_PAGE = 200

REASONS: Mapping[str, str] = {
    "role": "only a system, security or audit administrator is opened from above",
    "place": "the body does not stand below this office: name one that does",
    "suspended": "the body is suspended: let it go on first",
    "own": "an opening needs two people: another person, a security administrator, decides",
    "waiting": "an opening of this role waits already: decide on it first",
    "held": "the body has an active account with this role: that one looks after its own",
    "taken": "the body has an account of this user name: choose another one",
    "gone": "no such opening is waiting: look at the list again",
}


class OpeningRefused(Exception):
    """The account is not opened; ``reason`` is a key of REASONS."""

    def __init__(self, reason: str) -> None:
        """The message is that of the reason."""
        super().__init__(REASONS[reason])
        self.reason = reason


@dataclass(frozen=True, slots=True)
class NewOpening:
    """Whom to open where: the code of a body below, a role of ADMINISTRATORS, a person."""

    body: str
    role: str
    username: str
    name: str


@dataclass(frozen=True, slots=True)
class AskedOpening:
    """An opening that waits, and the password it will begin with, told this once."""

    opening: AccountOpening
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BodyPage:
    """Bodies below the office by code, with the newest opening of each role."""

    bodies: Sequence[Tenant]
    openings: Mapping[int, Mapping[str, AccountOpening]]
    next_cursor: str | None


def ask_opening(
    session: Session, tools: Tools, actor: Actor, asker_id: uuid.UUID, new: NewOpening
) -> AskedOpening:
    """Ask for the first administrator of a body below; a security administrator decides.

    Raises AccountInvalid, BodyNotFound (a body above, beside or nowhere) or OpeningRefused.
    """
    check_new_user(NewUser(new.username, new.name, ()))
    if new.role not in ADMINISTRATORS:
        raise OpeningRefused("role")
    body = find_body(session, new.body)
    _check_place(session, body)
    if _waiting(session, body.id, new.role):
        raise OpeningRefused("waiting")
    password = new_password()
    opening = AccountOpening(
        id=new_id(), body_id=body.id, role=new.role, user_id=new_id(), username=new.username,
        name=new.name.strip(), password_hash=hash_password(password), asked_by=str(actor),
        asked_by_id=asker_id, asked_at=tools.clock.now(), state=ASKED,
    )  # fmt: skip
    session.add(opening)
    session.flush()
    said = f"{body.code} {new.role} {new.username}"
    tools.auditor.record(session, actor, "opening.ask", "opening", opening.id, result=said)
    return AskedOpening(opening, password)


def decide_opening(
    session: Session,
    tools: Tools,
    actor: Actor,
    decider_id: uuid.UUID,
    opening_id: uuid.UUID,
    *,
    granted: bool,
) -> AccountOpening:
    """Open the account that was asked for, or refuse; raises OpeningRefused.

    On an error roll the session back: the opening waits on, and nothing was written.
    """
    opening = session.scalar(
        select(AccountOpening)
        .where(AccountOpening.id == opening_id, AccountOpening.state == ASKED)
        .with_for_update()
    )
    if opening is None:
        raise OpeningRefused("gone")
    if opening.asked_by_id == decider_id:
        raise OpeningRefused("own")
    opening.state = GRANTED if granted else REFUSED
    opening.decided_by_id, opening.decided_at = decider_id, tools.clock.now()
    session.flush()
    said = f"{opening.state}: {opening.role} {opening.username}"
    tools.auditor.record(session, actor, "opening.decide", "opening", opening.id, result=said)
    if granted:
        _open(session, opening)
        _tell_body(session, tools, actor, opening)
    return opening


def bodies_below(session: Session, q: str = "", cursor: str = "", limit: int = 50) -> BodyPage:
    """Bodies below the office, by code, narrowed by words of name or code; raises AccountInvalid.

    What a body's own people did about their accounts is not to be seen from above: the page
    tells what this office opened.
    """
    if not 1 <= limit <= MAX_PAGE:
        message = f"a page holds 1 to {MAX_PAGE} bodies"
        raise AccountInvalid("limit", message)
    chosen = select(Tenant).where(Tenant.id != tenant_of(session), Tenant.code > cursor)
    if wish := q.strip():
        named = (Tenant.name, Tenant.code)
        chosen = chosen.where(or_(*(c.contains(wish, autoescape=True) for c in named)))
    found = session.scalars(chosen.order_by(Tenant.code).limit(limit + 1)).all()
    shown = found[:limit]
    more = shown[-1].code if len(found) > limit else None
    return BodyPage(shown, _openings(session, [body.id for body in shown]), more)


def waiting_openings(session: Session) -> Sequence[tuple[AccountOpening, Tenant]]:
    """The openings that wait for a decision with their bodies, oldest first."""
    rows = session.execute(
        select(AccountOpening, Tenant)
        .join(Tenant, Tenant.id == AccountOpening.body_id)
        .where(AccountOpening.state == ASKED)
        .order_by(AccountOpening.asked_at, AccountOpening.id)
        .limit(MAX_PAGE)
    )
    return [(row.AccountOpening, row.Tenant) for row in rows]


def _check_place(session: Session, body: Tenant) -> None:
    if body.id == tenant_of(session):
        raise OpeningRefused("place")
    if body.status != ACTIVE:
        raise OpeningRefused("suspended")


def _waiting(session: Session, body_id: int, role: str) -> bool:
    waits = select(AccountOpening.id).where(
        AccountOpening.body_id == body_id,
        AccountOpening.role == role,
        AccountOpening.state == ASKED,
    )
    return session.scalar(waits.limit(1)) is not None


def _open(session: Session, opening: AccountOpening) -> None:
    """Have the database write the account; its refusals become reasons."""
    said = text("select open_account(:opening)")
    try:
        with session.begin_nested():
            session.execute(said, {"opening": opening.id})
    except IntegrityError as error:
        raise OpeningRefused("taken") from error
    except ProgrammingError as error:
        words = str(error.orig)
        known = {"opening: held": "held", "opening: not below": _why_not_below(session, opening)}
        reason = next((why for sign, why in known.items() if sign in words), "")
        if not reason:
            raise
        raise OpeningRefused(reason) from error


def _why_not_below(session: Session, opening: AccountOpening) -> str:
    status = session.scalar(select(Tenant.status).where(Tenant.id == opening.body_id))
    return "place" if status in (None, ACTIVE) else "suspended"


def _tell_body(session: Session, tools: Tools, actor: Actor, opening: AccountOpening) -> None:
    """Leave the entry in the body's own trail, in a transaction of the body."""
    own = session.scalar(select(Tenant.code).where(Tenant.id == tenant_of(session)))
    superior = Actor("office", f"{own}/{actor.name}", actor.origin)
    with tools.database.session(opening.body_id) as below:
        tools.auditor.record(
            below, superior, "opening.open", "user", opening.user_id, result=opening.role
        )


def _openings(session: Session, bodies: Sequence[int]) -> dict[int, dict[str, AccountOpening]]:
    found: dict[int, dict[str, AccountOpening]] = {}
    rows = session.scalars(
        select(AccountOpening)
        .where(AccountOpening.body_id.in_(bodies))
        .order_by(AccountOpening.asked_at, AccountOpening.id)
    )
    for opening in rows:
        found.setdefault(opening.body_id, {})[opening.role] = opening
    return found
