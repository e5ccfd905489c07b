"""Counting tries that may be guesses, in PostgreSQL and before a try is looked at.

The count is committed before the password or code is compared, so that a thousand tries at once
are stopped like a thousand in a row; where the count cannot be written, nothing is compared and
nobody comes in. What was no guess is given back.

The figures are ours, since no standard names them (NIST SP 800-63B-4 3.2.2 asks for a limit of at
most 100 tries in a row on one account). An address: an office of 500 behind one address mistypes
some five in a hundred of its morning logins, which is 25; twice that. An office: six such
addresses, after which somebody is spraying, and accounts lock sooner and for longer.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.accounts.models import Guess
from minsheng.audit import Tools
from minsheng_tenants import tenant_of

ADDRESS, OFFICE, SESSION = "address", "office", "session"
WINDOW = timedelta(minutes=15)
ADDRESS_TRIES = 50
"""Wrong passwords from one network address in one office and window."""
OFFICE_TRIES = 300
"""Wrong passwords in one office and window, after which accounts lock sooner."""
SESSION_TRIES = 5
"""Wrong codes or passwords in one login session and window, after which it ends."""

Subject = tuple[str, bytes]
"""A kind of count and what it is about."""


def address_subject(tools: Tools, tenant_id: int, origin: str) -> Subject:
    """A caller's network address as it is counted: keyed, since an address is personal data."""
    said = f"{tenant_id}|{_network(origin)}"
    key = tools.master.purpose("guesses")
    return ADDRESS, hmac.new(key, said.encode(), hashlib.sha256).digest()


def office_subject(tenant_id: int) -> Subject:
    """All tries in one office together."""
    return OFFICE, str(tenant_id).encode()


def count_tries(session: Session, now: datetime, subjects: Sequence[Subject]) -> dict[str, int]:
    """Add a try to each subject; how many each has in its window, by kind.

    Commit before the try is looked at. Always name subjects in one order: rows are locked in it.
    """
    fresh = Guess.since <= now - WINDOW
    rows = [
        {"tenant_id": tenant_of(session), "kind": kind, "subject": about, "since": now, "tries": 1}
        for kind, about in subjects
    ]
    statement = (
        insert(Guess)
        .values(rows)
        .on_conflict_do_update(
            index_elements=[Guess.tenant_id, Guess.kind, Guess.subject],
            set_={
                "since": case((fresh, now), else_=Guess.since),
                "tries": case((fresh, 1), else_=Guess.tries + 1),
            },
        )
        .returning(Guess.kind, Guess.tries)
    )
    return {row.kind: row.tries for row in session.execute(statement)}


def sweep_tries(session: Session, now: datetime) -> None:
    """Delete the office's counts whose window is over."""
    session.execute(delete(Guess).where(Guess.since <= now - WINDOW))


def give_back(session: Session, subjects: Sequence[Subject]) -> None:
    """Take back a try that was no guess; other people's guesses stay counted."""
    session.execute(
        update(Guess)
        .where(tuple_(Guess.kind, Guess.subject).in_(subjects))
        .values(tries=func.greatest(Guess.tries - 1, 0))
        .execution_options(synchronize_session=False)
    )


def forget_tries(session: Session, subject: Subject) -> None:
    """Drop the count of a subject."""
    kind, about = subject
    session.execute(
        delete(Guess)
        .where(Guess.kind == kind, Guess.subject == about)
        .execution_options(synchronize_session=False)
    )


def _network(origin: str) -> str:
    """The address, or its /64 for IPv6, where one caller has as many addresses as it likes."""
    try:
        address = ipaddress.ip_address(origin)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or f"{int(address) >> 64:x}/64")
