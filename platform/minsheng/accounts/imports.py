"""Accounts of an office from a CSV file: all of them or, when one row is wrong, none.

The file is read and checked whole first; each fault names its line and column. Then the accounts
are made in one transaction, and their roles asked for, so that another person grants them.

An initial password has 100 random bits. Argon2id at the cost of :mod:`minsheng.accounts.passwords`
would take over a minute for 3,000 of them and keep nothing safer: the cost is there to slow down
guessing what people choose, and 100 random bits are guessed at no cost. They are hashed at the
least cost instead; the first login hashes anew at the full one (``is_outdated``).
"""

import csv
import io
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from sqlalchemy import select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from minsheng.accounts.errors import AccountInvalid
from minsheng.accounts.models import LoginProvider, RoleChange, User, UserIdentity
from minsheng.accounts.people import end_of_day, new_password
from minsheng.accounts.role_changes import ASKED, check_roles
from minsheng.accounts.roles import ADMINISTRATORS
from minsheng.accounts.users import ACTIVE, INITIAL_DAYS, NewUser, check_new_user
from minsheng.audit import Actor, Tools
from minsheng.runtime.database import insert_rows
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

NEEDED = ("username", "name", "unit", "roles")
OPTIONAL = ("expires_at", "provider", "subject")
MOST = 5000
_LONGEST_SUBJECT = 255
_BETWEEN = re.compile(r"[\s、,，;；|/]+")

ROLE_NAMES: Mapping[str, str] = {
    "联络员": "liaison",
    "经办人": "handler",
    "审核人": "reviewer",
    "领导": "leader",
    "回访员": "callback",
    "查阅": "readonly",
    "督查室": "supervision",
    "信访局": "petitions",
    "网络舆情处": "opinion",
    "研究室": "research",
    "办公厅": "general_office",
    "系统管理员": "system_admin",
    "安全管理员": "security_admin",
    "审计管理员": "audit_admin",
}
"""A role may be written as people say it."""

FAULTS: Mapping[str, str] = {
    "encoding": "neither UTF-8 nor GB 18030: save the file as UTF-8 and try again",
    "quotes": "the quotes of this row do not match: mend them",
    "columns": f"the columns must be {', '.join(NEEDED)}, and may be {', '.join(OPTIONAL)}",
    "cells": "this row has another number of cells than the first line",
    "empty": "there is no account in the file",
    "many": f"a file holds at most {MOST} accounts: cut it in parts",
    "username": "2 to 32 small letters, digits, dots, dashes or underscores are needed",
    "name": "a name of 1 to 50 printable characters is needed",
    "unit": "a unit has at most 50 printable characters",
    "roles": "unknown roles, or an administrator's role beside another one",
    "expires_at": "write the last day as 2026-12-31, not before today",
    "twice": "this stands in the file twice",
    "exists": "the office has an account of this name already",
    "provider": "no provider of this code is in use here",
    "subject": "provider and subject go together, and a subject has at most 255 characters",
    "apart": "an administrator's account is not linked to a provider by an import",
    "linked": "this identity is linked to an account already",
    "meanwhile": "somebody made one of these accounts meanwhile: try again",
}
"""What can be wrong, by code."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """One thing to change: the line of the file, the column (or ``file``) and a key of FAULTS."""

    line: int
    column: str
    code: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {FAULTS[self.code]}"


class ImportRefused(Exception):
    """Nothing was changed; ``faults`` are in the order of the file, at least one."""

    def __init__(self, faults: Sequence[RowFault]) -> None:
        """The message is that of the first fault."""
        super().__init__(f"{faults[0]} ({len(faults)} faults in all, nothing was imported)")
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One account of a file and the line on which it stands."""

    line: int
    new: NewUser
    provider: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """An account just made; without a password it comes in by its provider."""

    username: str
    name: str
    password: str = field(repr=False)


def read_accounts(data: bytes, now: datetime) -> list[ImportRow]:
    """The accounts of a CSV file in UTF-8 or GB 18030; raises ImportRefused naming every fault."""
    rows = _numbered(_decode(data))
    line, head = next(rows, (1, []))
    if not _is_head(head):
        raise ImportRefused([RowFault(line, "file", "columns")])
    faults: list[RowFault] = []
    found: list[ImportRow] = []
    for line, cells in rows:
        if len(found) + len(faults) >= MOST:
            raise ImportRefused([RowFault(line, "file", "many")])
        if len(cells) != len(head):
            faults.append(RowFault(line, "file", "cells"))
            continue
        row, wrong = _row(line, dict(zip(head, cells, strict=True)), now)
        faults += wrong
        found += [row] if row else []
    faults += _twice(found)
    if not found and not faults:
        faults = [RowFault(line, "file", "empty")]
    if faults:
        raise ImportRefused(sorted(faults, key=lambda fault: fault.line))
    return found


def import_users(
    session: Session,
    tools: Tools,
    actor: Actor,
    rows: Sequence[ImportRow],
    asked_by_id: uuid.UUID | None = None,
    *,
    plant: bool = False,
) -> list[Imported]:
    """Make the accounts of a file and ask for their roles; raises ImportRefused.

    ``asked_by_id`` is the user who acts. ``plant`` gives the roles at once, which the database
    allows ``Database.operator_session`` only: an office's first accounts.
    """
    providers = _providers(session)
    faults = [*_known_names(session, rows), *_provider_faults(session, rows, providers)]
    if faults:
        raise ImportRefused(sorted(faults, key=lambda fault: fault.line))
    made = [(new_id(), row, "" if row.provider else new_password()) for row in rows]
    now = tools.clock.now()
    users = [_user(session, each, now, plant=plant) for each in made]
    try:
        with session.begin_nested():
            insert_rows(session, User, users)
    except IntegrityError as error:
        raise ImportRefused([RowFault(1, "file", "meanwhile")]) from error
    tools.auditor.record(session, actor, "user.import", "user", *(each[0] for each in made))
    by_id = {user_id: row.new.roles for user_id, row, _password in made if row.new.roles}
    if not plant:
        _ask(session, tools, actor, by_id, asked_by_id)
    _link(session, tools, actor, [(user_id, row) for user_id, row, _ in made], providers)
    return [Imported(row.new.username, row.new.name, password) for _, row, password in made]


def _user(
    session: Session, each: tuple[uuid.UUID, ImportRow, str], now: datetime, *, plant: bool
) -> dict[str, object]:
    user_id, row, password = each
    return {
        "tenant_id": tenant_of(session),
        "id": user_id,
        "username": row.new.username,
        "name": row.new.name,
        "unit": row.new.unit,
        "roles": list(row.new.roles) if plant else [],
        "password_hash": _quick.hash(password) if password else None,
        "initial_until": now + timedelta(days=INITIAL_DAYS) if password else None,
        "expires_at": row.new.expires_at,
        "status": ACTIVE,
        "created_at": now,
    }


_quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=32, salt_len=16)


def _ask(
    session: Session,
    tools: Tools,
    actor: Actor,
    wanted: Mapping[uuid.UUID, Sequence[str]],
    asked_by_id: uuid.UUID | None,
) -> None:
    """Ask for all roles at one moment, so that they stand together before who decides."""
    now, tenant_id = tools.clock.now(), tenant_of(session)
    insert_rows(
        session,
        RoleChange,
        [
            {
                "tenant_id": tenant_id, "id": new_id(), "user_id": user_id, "roles": list(roles),
                "asked_by": str(actor), "asked_by_id": asked_by_id, "asked_at": now,
                "state": ASKED,
            }
            for user_id, roles in wanted.items()
        ],
    )  # fmt: skip
    alike: dict[str, list[uuid.UUID]] = defaultdict(list)
    for user_id, roles in wanted.items():
        alike[" ".join(roles)].append(user_id)
    for said, users in alike.items():
        tools.auditor.record(session, actor, "role.ask", "user", *users, result=said)


def _link(
    session: Session,
    tools: Tools,
    actor: Actor,
    made: Iterable[tuple[uuid.UUID, ImportRow]],
    providers: Mapping[str, uuid.UUID],
) -> None:
    now, tenant_id = tools.clock.now(), tenant_of(session)
    linked = [(user_id, row) for user_id, row in made if row.provider]
    insert_rows(
        session,
        UserIdentity,
        [
            {
                "tenant_id": tenant_id, "id": new_id(), "provider_id": providers[row.provider],
                "user_id": user_id, "subject": row.subject, "linked_by": str(actor),
                "by_operator": False, "created_at": now,
            }
            for user_id, row in linked
        ],
    )  # fmt: skip
    users = [user_id for user_id, _row in linked]
    tools.auditor.record(session, actor, "identity.link", "user", *users)


def _providers(session: Session) -> dict[str, uuid.UUID]:
    rows = session.execute(
        select(LoginProvider.code, LoginProvider.id).where(LoginProvider.state == ACTIVE)
    )
    return {row.code: row.id for row in rows}


def _known_names(session: Session, rows: Sequence[ImportRow]) -> list[RowFault]:
    names = [row.new.username for row in rows]
    known = set(session.scalars(select(User.username).where(User.username.in_(names))))
    return [RowFault(row.line, "username", "exists") for row in rows if row.new.username in known]


def _provider_faults(
    session: Session, rows: Sequence[ImportRow], providers: Mapping[str, uuid.UUID]
) -> list[RowFault]:
    named = [row for row in rows if row.provider]
    unknown = [
        RowFault(r.line, "provider", "provider") for r in named if r.provider not in providers
    ]
    pairs = {(providers[r.provider], r.subject): r for r in named if r.provider in providers}
    if not pairs:
        return unknown
    place = tuple_(UserIdentity.provider_id, UserIdentity.subject)
    taken = session.execute(
        select(UserIdentity.provider_id, UserIdentity.subject).where(place.in_(list(pairs)))
    )
    return unknown + [
        RowFault(pairs[row.provider_id, row.subject].line, "subject", "linked") for row in taken
    ]


def _row(
    line: int, cells: Mapping[str, str], now: datetime
) -> tuple[ImportRow | None, list[RowFault]]:
    """The row as an account, or everything that is wrong with it."""
    faults = []
    roles: tuple[str, ...] = ()
    until = None
    try:
        roles = _roles(cells["roles"])
    except AccountInvalid:
        faults.append(RowFault(line, "roles", "roles"))
    try:
        until = end_of_day(cells.get("expires_at", "").replace("/", "-"), now)
    except AccountInvalid:
        faults.append(RowFault(line, "expires_at", "expires_at"))
    new = NewUser(cells["username"].lower(), cells["name"], roles, "", cells["unit"], until, True)
    faults += _form_faults(line, new)
    provider, subject = cells.get("provider", ""), cells.get("subject", "")
    if bool(provider) != bool(subject) or len(subject) > _LONGEST_SUBJECT:
        faults.append(RowFault(line, "subject", "subject"))
    if provider and ADMINISTRATORS & set(roles):
        faults.append(RowFault(line, "provider", "apart"))
    return (None if faults else ImportRow(line, new, provider, subject)), faults


def _form_faults(line: int, new: NewUser) -> list[RowFault]:
    try:
        check_new_user(new)
    except AccountInvalid as error:
        return [RowFault(line, error.field, error.field)]
    return []


def _roles(cell: str) -> tuple[str, ...]:
    words = [word for word in _BETWEEN.split(cell) if word]
    return tuple(check_roles(ROLE_NAMES.get(word, word) for word in words))


def _twice(rows: Iterable[ImportRow]) -> Iterator[RowFault]:
    names: set[str] = set()
    identities: set[tuple[str, str]] = set()
    for row in rows:
        if row.new.username in names:
            yield RowFault(row.line, "username", "twice")
        if row.provider and (row.provider, row.subject) in identities:
            yield RowFault(row.line, "subject", "twice")
        names.add(row.new.username)
        identities.add((row.provider, row.subject))


def _is_head(head: Sequence[str]) -> bool:
    named = set(head)
    return len(named) == len(head) and {*NEEDED} <= named <= {*NEEDED, *OPTIONAL}


def _numbered(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with the line on which each begins; empty ones are passed over."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = rows.line_num + 1
        try:
            cells = next(rows, None)
        except csv.Error as error:
            raise ImportRefused([RowFault(line, "file", "quotes")]) from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, [cell.strip() for cell in cells]


def _decode(data: bytes) -> str:
    """UTF-8, else GB 18030, which Chinese spreadsheets write."""
    for encoding in ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            text = data.decode(encoding)
            if "\0" not in text:
                return text
    raise ImportRefused([RowFault(1, "file", "encoding")])
