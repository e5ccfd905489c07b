"""Every operation and page, with what a request of it carries: ids under attack and plain values.

A new route, path place, query parameter, body member or form field must be entered here; the
tests of this folder say so and name what is missing. ``Id("case")`` marks a place where an id of
that kind stands: each such place is attacked with ids of other offices. Everything else is a
plain value, or a function that gives a fresh one.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LIFT = "槐河家园3号楼的电梯停运一周，老人下不了楼，请督促物业尽快维修电梯，谢谢。"


@dataclass(frozen=True)
class Id:
    """A place for an id: ``kind`` in the ids of an office; ``own`` what it gives of its own.

    ``public`` says why it is no secret whether such an id exists; the answers then may differ.
    """

    kind: str
    own: str = ""
    public: str = ""


@dataclass(frozen=True)
class Given:
    """What a request carries. ``silent`` says why the own id answers like one that is nowhere."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    form: Mapping[str, Any] = field(default_factory=dict)
    silent: str = ""
    refused: str = ""
    """Why the own request is answered by an error here (no live source, say)."""
    ends: bool = False
    """Whether it ends the login session of whoever asks."""


def fresh(prefix: str) -> Callable[[], str]:
    """A new value for each request."""
    return lambda: f"{prefix}{uuid.uuid4().hex[:8].upper()}"


CASE, OTHER = Id("case"), Id("case", own="other_case")
CHANNEL, TENANT, FINDING = Id("channel"), Id("tenant"), Id("finding")
MESSAGE, ASIDE = Id("message"), Id("aside")
NUMBER, CODE = {"number": CASE}, {"code": CHANNEL}
_DIRECTORY = "the tree is a public directory of bodies, their codes are those of GB/T 2260"
_NO_SOURCE = "nobody answers at the address of the channel"
_SAID = {
    "external_id": fresh("X"), "subject": "电梯停运", "body": LIFT,
    "received_at": "2026-11-19T09:00:00+08:00", "region": "", "addressee": "", "kind": "",
    "citizen": {"name": "甲", "phone": "13800138009", "email": "a@example.org"},
}  # fmt: skip
_QUEUE = {
    "view": "all", "state": "open", "channel": CHANNEL, "q": Id("case"), "sort": "-last_at",
    "cursor": "",
}  # fmt: skip
_MERGE = {"other": OTHER, "reason": "同一件事"}

_CHOSEN = {"password": "lao-shi-de-kou-ling-8", "again": "lao-shi-de-kou-ling-7"}
_HALF = "whoever is logged in has no login half done; its forms carry that login's own token"

API: Mapping[str, Given] = {
    "GET /tenants": Given(query={"cursor": "", "limit": 50}),
    "POST /tenants": Given(
        body={"code": fresh("X-"), "name": "某局", "kind": "department", "parent": TENANT}
    ),
    "GET /tenants/<code>": Given(path={"code": TENANT}),
    "GET /channels": Given(),
    "POST /channels": Given(
        body={
            "code": fresh("c"), "plugin": "mailbox", "name": "信", "settings": {}, "pushed": True,
        }
    ),
    "POST /channels/<code>/check": Given(CODE, refused=_NO_SOURCE),
    "POST /channels/<code>/pull": Given({"code": Id("channel", own="pulled")}),
    "POST /channels/<code>/pause": Given({"code": Id("channel", own="pulled")}),
    "POST /channels/<code>/resume": Given({"code": Id("channel", own="paused")}),
    "POST /messages": Given(body={"channel": CHANNEL, **_SAID}),
    "POST /messages/batch": Given(body={"messages": [{"channel": CHANNEL, **_SAID}]}),
    "GET /cases": Given(query={**_QUEUE, "limit": 50}),
    "GET /cases/<number>": Given(NUMBER),
    "GET /cases/<number>/timeline": Given(NUMBER),
    "GET /cases/<number>/similar": Given(NUMBER),
    "POST /cases/<number>/merge": Given(NUMBER, body={**_MERGE, "despite_not_same": False}),
    "POST /cases/<number>/unmerge": Given(
        {"number": Id("case", own="survivor")},
        body={"other": Id("case", own="joined"), "reason": "不是一件事"},
    ),
    "POST /cases/<number>/split": Given(
        {"number": Id("case", own="survivor")},
        body={"messages": [Id("message", own="joined_message")], "reason": "另一件事"},
    ),
    "POST /findings/<uuid:finding_id>/answer": Given(
        {"finding_id": FINDING}, body={"outcome": "different", "reason": "两栋楼"}
    ),
}  # fmt: skip
"""The operations below ``/api/v1``."""

PAGES: Mapping[str, Given] = {
    "GET /": Given(),
    "GET /login": Given(query={"next": "/queue", "done": ""}),
    "POST /login": Given(
        form={"office": "", "username": "nobody", "password": "x", "next": "/"},
        refused="nobody of this name; the door itself is looked at in test_covert.py",
    ),
    "GET /login/password": Given(query={"next": "/"}),
    "POST /login/password": Given(form={**_CHOSEN, "next": "/"}, refused=_HALF),
    "GET /login/code": Given(query={"next": "/"}),
    "POST /login/code": Given(form={"code": "000000", "next": "/"}, refused=_HALF),
    "GET /login/enrol": Given(query={"next": "/"}),
    "POST /login/enrol": Given(
        form={"code": "000000", "sealed": "x", "next": "/"}, refused=_HALF
    ),
    "GET /account": Given(query={"done": ""}),
    "POST /account/password": Given(
        form={"old": "x", **_CHOSEN}, refused="the two new passwords differ"
    ),
    "GET /account/factor": Given(),
    "POST /account/factor": Given(form={"code": "000000", "sealed": "x", "proof": "x"}),
    "POST /account/recovery-codes": Given(form={"code": "000000"}),
    "POST /account/sessions/<uuid:item>/end": Given({"item": str(uuid.UUID(int=4))}),
    "POST /account/sessions/end-others": Given(),
    "POST /logout": Given(ends=True),
    "POST /preferences": Given(form={"next": "/", "language": "zh", "theme": "auto"}),
    "GET /queue": Given(query={**_QUEUE, "done": "", "about": ""}),
    "GET /review": Given(
        query={"case": CASE, "finding": FINDING, "done": "", "about": ""},
        silent="a pair that is not in the queue lets the walk begin anew",
    ),
    "GET /cases/<number>": Given(NUMBER, query={"done": "", "about": ""}),
    "GET /cases/<number>/preview": Given(NUMBER),
    "GET /cases/<number>/with": Given(NUMBER, query={"other": OTHER, "done": "", "about": ""}),
    "GET /cases/<number>/pairs/<uuid:finding>": Given(
        {"number": CASE, "finding": FINDING}, query={"done": "", "about": ""}
    ),
    "POST /cases/<number>/merge": Given(NUMBER, form={**_MERGE, "despite_not_same": "no"}),
    "POST /cases/<number>/unmerge": Given(
        {"number": Id("case", own="survivor")},
        form={"other": Id("case", own="joined"), "reason": "不是一件事"},
    ),
    "POST /cases/<number>/split": Given(
        {"number": Id("case", own="survivor")},
        form={"message": Id("message", own="joined_message"), "reason": "另一件事"},
    ),
    "POST /findings/<uuid:finding>": Given(
        {"finding": FINDING}, form={"outcome": "different", "reason": "两栋楼"}
    ),
    "GET /channels": Given(query={"done": "", "about": ""}),
    "POST /channels/<code>/pull": Given({"code": Id("channel", own="pulled")}),
    "POST /channels/<code>/pause": Given({"code": Id("channel", own="pulled")}),
    "POST /channels/<code>/resume": Given({"code": Id("channel", own="paused")}),
    "GET /quarantine": Given(
        query={"after": ASIDE, "done": "", "about": ""},
        silent="what is older than a moment, whether or not anything came at it",
    ),
    "GET /quarantine/<uuid:item>": Given({"item": ASIDE}, query={"done": "", "about": ""}),
    "POST /quarantine/<uuid:item>/replay": Given({"item": ASIDE}),
}
"""The pages; every form carries the session's token besides."""

DOORS: Mapping[str, Given] = {
    "GET /healthz": Given(),
    "GET /readyz": Given(),
    "GET /metrics": Given(),
    "GET /static/<path:filename>": Given({"filename": "mark.svg"}),
    "GET /api/v1/openapi.json": Given(),
    "GET /api/v1/docs": Given(),
    "POST /oauth/token": Given(refused="proves itself by a secret; see test_covert.py"),
}
"""What anybody may ask for: nothing of an office is there."""

PREFIX = "/api/v1"


def all_operations() -> dict[str, tuple[str, Given]]:
    """Every operation by method and full path: its face (api, page, door) and what it carries."""
    api = {_prefixed(name): ("api", given) for name, given in API.items()}
    pages = {name: ("page", given) for name, given in PAGES.items()}
    return api | pages | {name: ("door", given) for name, given in DOORS.items()}


def _prefixed(name: str) -> str:
    method, _, path = name.partition(" ")
    return f"{method} {PREFIX}{path}"


def places(given: Given) -> dict[str, Id]:
    """Every place of an id by its address: ``path.number``, ``body.messages.0.channel``."""
    found: dict[str, Id] = {}
    for part in ("path", "query", "body", "form"):
        _collect(part, getattr(given, part) or {}, found)
    return found


def _collect(address: str, value: Any, found: dict[str, Id]) -> None:
    if isinstance(value, Id):
        found[address] = value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            _collect(f"{address}.{name}", inner, found)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _collect(f"{address}.{index}", inner, found)
