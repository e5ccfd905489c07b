"""The matrix of isolation: operation x place of an id x whose id x who asks x which layers hold.

A cell sends the same request with a foreign id, with an id of the same form that is nowhere and,
where the caller may not do it at all, with its own. What must hold is said in :func:`judge`.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from flask.testing import FlaskClient
from offices_apart.operations import Given, Id, all_operations, places
from offices_apart.world import RELATIONS, Office, nowhere
from werkzeug.test import TestResponse

from minsheng.accounts.roles import ROLES
from minsheng.accounts.scopes import SCOPES

LAYERS = ("both", "row security alone", "application alone")
NO_SCOPE = "no scope"
_VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")
_CHANGING = (
    re.compile(r'"request_id":\s*"[^"]+"'),
    re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"),
    re.compile(r"(?:X-?|c|机|S)[0-9A-F]{8}|\b[up][0-9a-f]{8}\b|[\w-]{43}"),
)
"""What differs from answer to answer by itself: ids made anew by this very request."""


@dataclass(frozen=True)
class Cell:
    """One attack; ``place`` is empty where an operation carries no id."""

    operation: str
    place: str
    relation: str
    caller: str
    layer: str

    def __str__(self) -> str:
        return " | ".join((self.operation, self.place, self.relation, self.caller, self.layer))


def read(answer: TestResponse) -> str:
    """What an answer says; a picture as well as it can be read."""
    return answer.get_data().decode(errors="replace")


def callers(face: str) -> tuple[str, ...]:
    """Who may ask on a face: every role on pages, a client of every scope and of none."""
    return {"page": ROLES, "api": (*SCOPES, NO_SCOPE), "door": ("anybody",)}[face]


def all_cells() -> Iterator[Cell]:
    """Every cell there is."""
    for operation, (face, given) in all_operations().items():
        for place, relation, caller, layer in itertools.product(
            places(given) or ("",), RELATIONS, callers(face), LAYERS
        ):
            yield Cell(operation, place, relation, caller, layer)


@dataclass
class Caller:
    """Sends requests as one person, one client or nobody."""

    http: FlaskClient
    csrf: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def send(self, operation: str, given: Given, choose: Callable[[str, Id], str]) -> TestResponse:
        """Send the operation with each id place filled by ``choose(address, place)``."""
        method, _, rule = operation.partition(" ")
        path = {name: _filled(f"path.{name}", v, choose) for name, v in given.path.items()}
        query = {name: _filled(f"query.{name}", v, choose) for name, v in given.query.items()}
        more: dict[str, Any] = {"headers": dict(self.headers)}
        if given.body is not None:
            more["json"] = _filled("body", given.body, choose)
        elif method != "GET" and not self.headers:
            form = {name: _filled(f"form.{name}", v, choose) for name, v in given.form.items()}
            more["data"] = form | {"csrf_token": self.csrf}
        address = _VARIABLE.sub(lambda found: path[found.group(1)], rule)
        query = {name: value for name, value in query.items() if value != ""}
        return self.http.open(address, method=method, query_string=query, buffered=True, **more)


def _filled(address: str, value: Any, choose: Callable[[str, Id], str]) -> Any:
    if isinstance(value, Id):
        return choose(address, value)
    if isinstance(value, Mapping):
        return {name: _filled(f"{address}.{name}", v, choose) for name, v in value.items()}
    if isinstance(value, list):
        return [_filled(f"{address}.{i}", v, choose) for i, v in enumerate(value)]
    return value() if callable(value) else value


def own_ids(office: Office) -> Callable[[str, Id], str]:
    """Every place with the office's own id."""
    return lambda _address, place: office.ids[place.own or place.kind]


def one_other(office: Office, attacked: str, value: str) -> Callable[[str, Id], str]:
    """The place ``attacked`` with ``value``, the others with the office's own ids."""
    own = own_ids(office)
    return lambda address, place: value if address == attacked else own(address, place)


def said(answer: TestResponse, *names: str) -> tuple[int, str, str]:
    """Status, where it leads and body, without the ids asked for and those just made."""
    text, leads = read(answer), answer.headers.get("Location", "")
    spelled = {spelling for name in names if name for spelling in (name, quote(name))}
    for name in sorted(spelled, key=len, reverse=True):
        text, leads = text.replace(name, "ID"), leads.replace(name, "ID")
    for pattern in _CHANGING:
        text = pattern.sub("NEW", text)
    return answer.status_code, leads, text


def difference(one: tuple[int, str, str], other: tuple[int, str, str]) -> str:
    """Where two answers part, in short."""
    at = next(
        (i for i, pair in enumerate(zip(one[2], other[2], strict=False)) if len({*pair}) > 1), 0
    )
    return " / ".join(f"{a[0]} {a[1]} …{a[2][max(at - 40, 0) : at + 80]!r}" for a in (one, other))


def judge(
    cell: Cell, given: Given, caller: Caller, mine: Office, foreign: Office, *, may: bool
) -> list[str]:
    """Carry out one cell; what is wrong with it, empty when nothing is.

    Where the caller may not do it: 403 with one body for own, foreign and absent ids. Else the
    foreign id is answered as the absent one, and shows nothing of the foreign office.
    """
    place = places(given).get(cell.place)
    if place is None:
        answer = caller.send(cell.operation, given, own_ids(mine))
        return [*_seen(answer, given, foreign), *_denied(answer, given, may=may)]
    theirs = foreign.ids[place.kind]
    absent = nowhere(theirs)
    got = caller.send(cell.operation, given, one_other(mine, cell.place, theirs))
    faults = [*_seen(got, given, foreign, theirs), *_denied(got, given, may=may)]
    if place.public or (place.kind == "tenant" and cell.relation == "child"):
        return faults
    same = caller.send(cell.operation, given, one_other(mine, cell.place, absent))
    if said(got, theirs) != said(same, absent):
        faults.append(f"foreign {_short(got)} is not absent {_short(same)}")
    if not may:
        own = caller.send(cell.operation, given, own_ids(mine))
        if said(own, *mine.ids.values()) != said(got, theirs, *mine.ids.values()):
            faults.append(f"own {_short(own)} is not foreign {_short(got)}")
    return faults


def _denied(answer: TestResponse, given: Given, *, may: bool) -> list[str]:
    if may and answer.status_code in (401, 403) and not given.refused:
        return [f"the table allows it, the service does not: {answer.status_code}"]
    if not may and answer.status_code not in (401, 403):
        return [f"the table forbids it, the service answers {answer.status_code}"]
    return [f"broke: {_short(answer)}"] if answer.status_code == 500 else []


def _seen(answer: TestResponse, given: Given, foreign: Office, asked: str = "") -> list[str]:
    """Foreign texts, and foreign ids other than the one asked for, in an answer."""
    text = read(answer) + json.dumps([*answer.headers], ensure_ascii=False)
    found = [foreign.mark] if foreign.mark in text else []
    hidden = {kind: value for kind, value in foreign.ids.items() if kind != "tenant"}
    hidden = {} if given.echoes else hidden
    found += [kind for kind, value in hidden.items() if value in text and value != asked]
    return [f"shows the foreign {what}" for what in found]


def _short(answer: TestResponse) -> str:
    leads = answer.headers.get("Location", "")
    return f"{answer.status_code} {leads} {read(answer)[:300]!r}"
