"""What was done outside of the desk: looks on the spot with pictures, and talks (D13, D14)."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, undefer

from minsheng.audit import Actor, Tools
from minsheng.cases.ledger import Wish
from minsheng.cases.models import Case
from minsheng.cases.sight import PLAIN, Sight, in_sight
from minsheng.handling.acting import acting, short, words
from minsheng.handling.errors import HandlingInvalid, HandlingNotFound, PhotoRefused
from minsheng.handling.models import Contact, Photo, Visit
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

CONTENT = "photos.content"
LARGEST_PHOTO = 10 * 1024 * 1024
MOST_PHOTOS = 20
MOST_PEOPLE = 30
WAYS = ("meeting", "phone", "home", "letter", "task")
"""面谈, 电话, 上门, 书信, 网下办理."""
MEDIA = ((b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82", "image/png"), (b"\xff\xd8\xff", b"\xff\xd9",
         "image/jpeg"))  # fmt: skip
"""How the bytes of a picture begin and end, and what it is then."""


@dataclass(frozen=True, slots=True)
class VisitReport:
    """The looks on the spot of a time: how many, and the newest of them with their case."""

    count: int
    visits: Sequence[tuple[str, Visit]]


def record_visit(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    visited_at: datetime,
    place: str,
    people: Sequence[str],
    said: str,
    *,
    visit_id: uuid.UUID | None = None,
) -> Visit:
    """Keep a look on the spot: when, where, who went and what was found.

    The same ``visit_id`` again is the same visit. Raises HandlingInvalid.
    """
    with acting(session, tools, wish, number, "visit", closed=True) as act:
        if visit_id is not None:
            mine = Visit.id == visit_id, Visit.case_id == act.case.id
            known = session.scalar(select(Visit).where(*mine))
            if known is not None:
                return known
        visit = Visit(
            id=visit_id or new_id(),
            case_id=act.case.id,
            visited_at=_past(visited_at, act.now, "visited_at"),
            place=words(place, "place"),
            people=_people(people),
            words=short(said, "words"),
            recorded_by=str(wish.actor),
            recorded_at=act.now,
        )
        session.add(visit)
        act.tell(visit=str(visit.id), place=visit.place, people=visit.people, words=visit.words,
                 at=visited_at.isoformat())  # fmt: skip
        session.flush()
        return visit


def add_photo(
    session: Session, tools: Tools, wish: Wish, number: str, visit_id: uuid.UUID, content: bytes
) -> Photo:
    """Keep a picture of a visit, sealed; the same bytes again are the same picture.

    PNG or JPEG by its bytes, at most 10 MiB; what the sender calls it does not count. Raises
    PhotoRefused or HandlingNotFound.
    """
    with acting(session, tools, wish, number, "photo", closed=True) as act:
        mine = Visit.id == visit_id, Visit.case_id == act.case.id
        if session.scalar(select(Visit.id).where(*mine)) is None:
            message = f"{number} has no such visit: open the case again"
            raise HandlingNotFound(message)
        media = media_of(content)
        cipher = tools.keyring.cipher(tenant_of(session))
        digest = cipher.index(CONTENT, hashlib.sha256(content).digest())
        standing = photos_of(session, visit_id)
        same = next((each for each in standing if bytes(each.digest) == digest), None)
        if same is not None:
            return same
        if len(standing) >= MOST_PHOTOS:
            message = f"a visit has at most {MOST_PHOTOS} pictures"
            raise PhotoRefused("content", message)
        photo_id = new_id()
        photo = Photo(
            id=photo_id,
            case_id=act.case.id,
            visit_id=visit_id,
            media=media,
            size=len(content),
            content=cipher.seal(CONTENT, photo_id, content),
            digest=digest,
            added_by=str(wish.actor),
            added_at=act.now,
        )
        session.add(photo)
        act.tell(visit=str(visit_id), photo=str(photo_id), size=len(content))
        session.flush()
        return photo


def media_of(content: bytes) -> str:
    """What a picture is by its own bytes; raises PhotoRefused."""
    if len(content) > LARGEST_PHOTO:
        message = f"a picture has at most {LARGEST_PHOTO // 1024**2} MiB: make it smaller"
        raise PhotoRefused("content", message)
    for head, tail, media in MEDIA:
        if content.startswith(head) and content.rstrip(b"\0").endswith(tail):
            return media
    message = "this is no whole PNG or JPEG picture"
    raise PhotoRefused("content", message)


def open_photo(
    session: Session, tools: Tools, actor: Actor, photo_id: uuid.UUID, sight: Sight = PLAIN
) -> tuple[Photo, bytes]:
    """A picture in sight with its bytes; the look is kept. Raises HandlingNotFound."""
    here = and_(Case.tenant_id == Photo.tenant_id, Case.id == Photo.case_id)
    chosen = select(Photo).join(Case, here).where(Photo.id == photo_id, *in_sight(sight))
    photo = session.scalar(chosen.options(undefer(Photo.content)))
    if photo is None:
        message = "this office has no such picture: open the case again"
        raise HandlingNotFound(message)
    cipher = tools.keyring.cipher(tenant_of(session))
    tools.auditor.record(session, actor, "photo.show", "photo", photo_id)
    return photo, cipher.open(CONTENT, photo_id, bytes(photo.content))


def record_contact(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    way: str,
    met_at: datetime,
    people: Sequence[str],
    said: str,
    *,
    contact_id: uuid.UUID | None = None,
) -> Contact:
    """Keep a talk or a task outside of the channels; the same ``contact_id`` is the same one.

    Raises HandlingInvalid.
    """
    with acting(session, tools, wish, number, "contact", closed=True) as act:
        if contact_id is not None:
            mine = Contact.id == contact_id, Contact.case_id == act.case.id
            known = session.scalar(select(Contact).where(*mine))
            if known is not None:
                return known
        if way not in WAYS:
            message = f"unknown way {way!r}: use one of {', '.join(WAYS)}"
            raise HandlingInvalid("way", message)
        contact = Contact(
            id=contact_id or new_id(),
            case_id=act.case.id,
            way=way,
            met_at=_past(met_at, act.now, "met_at"),
            people=_people(people),
            words=words(said, "words"),
            recorded_by=str(wish.actor),
            recorded_at=act.now,
        )
        session.add(contact)
        act.tell(contact=str(contact.id), way=way, people=contact.people, words=contact.words,
                 at=met_at.isoformat())  # fmt: skip
        session.flush()
        return contact


def visit_report(
    session: Session, since: datetime, until: datetime, sight: Sight = PLAIN, limit: int = 100
) -> VisitReport:
    """The looks on the spot from ``since`` (in) to ``until`` (out), of cases in sight."""
    here = and_(Case.tenant_id == Visit.tenant_id, Case.id == Visit.case_id)
    meant = Visit.visited_at >= since, Visit.visited_at < until, *in_sight(sight)
    counted = select(func.count()).select_from(Visit).join(Case, here).where(*meant)
    chosen = select(Case.number, Visit).join(Case, here).where(*meant)
    newest = chosen.order_by(Visit.visited_at.desc(), Visit.id.desc()).limit(limit)
    found = [(number, visit) for number, visit in session.execute(newest)]
    return VisitReport(session.scalar(counted) or 0, found)


def photos_of(session: Session, visit_id: uuid.UUID) -> Sequence[Photo]:
    """The pictures of a visit without their bytes, oldest first."""
    chosen = select(Photo).where(Photo.visit_id == visit_id).order_by(Photo.id)
    return session.scalars(chosen).all()


def _past(moment: datetime, now: datetime, field: str) -> datetime:
    if not now - timedelta(days=3660) <= moment <= now + timedelta(minutes=5):
        message = "this lies ahead, or more than ten years back: say when it was"
        raise HandlingInvalid(field, message)
    return moment


def _people(people: Sequence[str]) -> list[str]:
    named = [each.strip() for each in people if each.strip()]
    if not 1 <= len(named) <= MOST_PEOPLE or any(len(each) > 50 for each in named):
        message = f"name 1 to {MOST_PEOPLE} people who were there, 50 characters each"
        raise HandlingInvalid("people", message)
    return named


def visits_of(session: Session, case_id: uuid.UUID) -> Sequence[Visit]:
    """The visits of a case, oldest first."""
    chosen = select(Visit).where(Visit.case_id == case_id).order_by(Visit.visited_at, Visit.id)
    return session.scalars(chosen).all()
