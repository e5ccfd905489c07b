"""What exists in another office answers as what exists nowhere: asking finds nothing out.

Time is compared by ``python -m bench covert``, since a clock on a busy machine proves nothing.
"""

import random
import uuid
from typing import Any

import pytest
from flask import Flask
from offices_apart.matrix import difference, said
from offices_apart.pairs import Asker, absent_like, questions
from offices_apart.world import Office, nowhere, person

from minsheng.accounts.service import NewUser, create_client, plant_user
from minsheng.audit import SYSTEM
from minsheng.faces.process import Process


@pytest.fixture
def asker(world: Any, api_of: Any, app: Flask) -> Asker:
    mine = world.mine
    api = api_of(mine.tenant_id)
    return Asker(app, api, world.people["liaison"], mine.ids["tenant"], mine.ids["channel"])


@pytest.fixture
def there(process: Process, world: Any, api_of: Any) -> Any:
    """By kind, a maker of values that exist in the sibling."""
    other: Office = world.others["sibling"]
    tools, api = process.tools, api_of(other.tenant_id)

    def external_id() -> str:
        new = {"channel": other.ids["channel"], "external_id": uuid.uuid4().hex, "body": "路灯不亮"}
        sent = api.post("/messages", new | {"received_at": "2026-11-19T09:00:00+08:00"})
        assert sent.status_code == 201
        return str(new["external_id"])

    def new_channel() -> str:
        code = f"n-{uuid.uuid4().hex[:10]}"
        new = {"code": code, "plugin": "mailbox", "name": "信", "pushed": True}
        assert api.post("/channels", new).status_code == 201
        return code

    def username() -> str:
        name = f"u{uuid.uuid4().hex[:10]}"
        with tools.database.operator_session(other.tenant_id) as session:
            plant_user(session, tools, SYSTEM, NewUser(name, "李建军", ("liaison",)))
        return name

    def client() -> str:
        with tools.database.session(other.tenant_id) as session:
            made = create_client(session, tools, SYSTEM, uuid.uuid4().hex[:12], ["cases:read"])
        return made.client_id

    kept = ("case", "channel", "finding", "message", "aside", "tenant", "provider")
    fixed = {kind: (lambda kind=kind: other.ids[kind]) for kind in kept}
    return fixed | {
        "phone": lambda: other.phone, "mark": lambda: other.mark, "external_id": external_id,
        "new channel": new_channel, "username": username, "client": client,
    }  # fmt: skip


def test_rel_i6_what_is_in_another_office_answers_as_what_is_nowhere(
    asker: Asker, there: Any, world: Any, scaled: Any, dice: random.Random
) -> None:
    asked = questions(asker, world.mine, world.others["sibling"], there)
    different = []
    for turn in range(scaled(1000, 54)):
        kind = [*asked][turn % len(asked)]
        value = next(asked[kind].there)
        names = [value, absent_like(kind, value)]
        dice.shuffle(names)
        one, other = (said(asked[kind].ask(name), name) for name in names)
        if one != other:
            different.append(f"{kind} {names}: {difference(one, other)}")
    assert not different, "\n".join(different)


def test_rel_i6_an_own_value_answers_otherwise_so_that_the_difference_would_be_seen(
    asker: Asker, world: Any, there: Any, process: Process, furnished: Any
) -> None:
    mine = furnished(world.mine.tenant_id)
    own = dict(mine.ids) | {
        "phone": mine.phone,
        "mark": mine.mark,
        "new channel": mine.ids["channel"],
    }
    asked = questions(asker, mine, world.others["sibling"], {k: lambda: "" for k in there})
    for kind, value in {
        "case number": own["case"], "case number in search": own["case"],
        "case number on a page": own["case"], "telephone": own["phone"], "words": own["mark"],
        "channel code to add": own["channel"], "finding": own["finding"],
        "quarantine": own["aside"],
    }.items():  # fmt: skip
        seen, gone = (
            said(asked[kind].ask(name), name) for name in (value, absent_like(kind, value))
        )
        assert seen != gone, kind


def test_rel_i6_a_known_user_with_a_wrong_password_answers_as_an_unknown_one(
    asker: Asker, world: Any, process: Process
) -> None:
    with process.tools.database.operator_session(world.mine.tenant_id) as session:
        new = NewUser("known-here", "李建军", ("liaison",), "lao-shi-de-kou-ling-9")
        plant_user(session, process.tools, SYSTEM, new)
    known, unknown = (
        said(asker.log_in(asker.own_code, name), name) for name in ("known-here", "wrong-here")
    )
    assert known == unknown
    assert known[0] == 401


def test_rel_i6_a_session_of_another_office_answers_as_one_that_never_was(
    app: Flask, process: Process, world: Any
) -> None:
    other = world.others["sibling"]
    theirs = person(process, other.tenant_id, "liaison")
    shown = theirs.browser(app).get(f"/cases/{world.mine.ids['case']}")
    absent = theirs.browser(app).get(f"/cases/{nowhere(world.mine.ids['case'])}")
    assert said(shown, world.mine.ids["case"]) == said(absent, nowhere(world.mine.ids["case"]))
    assert shown.status_code == 404
