"""One word of office B stands in every text it has: a tour of office A must never meet it."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from offices_apart.matrix import callers, own_ids
from offices_apart.operations import all_operations
from offices_apart.rows import columns_of, plant_rows
from offices_apart.table import read_table
from offices_apart.world import Office, office_tables, person
from redis import Redis

from minsheng.faces.process import Process
from minsheng.runtime.embedded import Servers

_LINK = re.compile(r'(?:href|hx-get)="([^"]+)"')
_TEXTS = {"text", "character varying", "jsonb", "json"}
_ROLES = ("liaison", "system_admin", "security_admin", "audit_admin")
_ASKED = ("channel", "after", "cursor", "q", "next", "case", "object")
_REFUSED = {303, 401, 403, 404}


@pytest.fixture(scope="module")
def made() -> list[Office]:
    """Office B, once it is made."""
    return []


@pytest.fixture
def foreign(
    made: list[Office], furnished: Any, office: Any, owner: psycopg.Connection[Any]
) -> Office:
    """Office B: furnished by the verbs, and a row in every table whose texts are its canary."""
    if made:
        return made[0]
    found: Office = furnished(office())
    plant_rows(owner, found.tenant_id, found.mark)
    # A kind of work is a label of the metrics, from the list of the handlers; and it waits.
    owner.execute(
        "update work set kind = 'match', due_at = '2100-01-01' where tenant_id = %s and kind = %s",
        (found.tenant_id, found.mark),
    )
    made.append(found)
    return found


@pytest.fixture
def tour(world: Any, furnished: Any) -> Any:
    """Office A, and every answer of a walk through all its pages and operations."""
    walked = replace(world, mine=furnished(world.mine.tenant_id))

    def walk() -> Iterator[tuple[str, str]]:
        for name, row in read_table().items():
            who = next(
                caller for caller in callers(row.face) if row.face == "door" or row.may(caller)
            )
            answer = walked.caller(name, who).send(
                name, all_operations()[name][1], own_ids(walked.mine)
            )
            yield name, f"{answer.status_code} {[*answer.headers]} {answer.get_data(as_text=True)}"

    return walked, walk


def secrets_of(office: Office) -> list[str]:
    """What must not be seen of an office: its canary and its ids, the public code apart."""
    return [office.mark, *(value for kind, value in office.ids.items() if kind != "tenant")]


def test_rel_i4_every_text_column_holds_the_canary(
    foreign: Office, owner: psycopg.Connection[Any]
) -> None:
    bare = []
    for table in office_tables(owner):
        for column in columns_of(owner, table):
            if column.kind in _TEXTS or (column.kind == "ARRAY" and column.element == "text"):
                found = owner.execute(
                    f"select 1 from {table} where tenant_id = %s"
                    f" and strpos({column.name}::text, %s) > 0 limit 1",
                    (foreign.tenant_id, foreign.mark),
                ).fetchone()
                bare += [] if found else [f"{table}.{column.name}"]
    chosen = (
        "only words of a list or an id may stand there: a CHECK says so, or name the column here"
    )
    assert {name for name in bare if not _checked(owner, name)} <= {"work.kind"}, chosen


def _checked(owner: psycopg.Connection[Any], name: str) -> bool:
    table, _, column = name.partition(".")
    found = owner.execute(
        "select 1 from pg_constraint where contype = 'c' and conrelid = %s::regclass"
        " and strpos(pg_get_constraintdef(oid), %s) > 0", (table, column),
    ).fetchone()  # fmt: skip
    return found is not None


def test_rel_i4_nothing_of_another_office_is_met_on_a_tour(
    tour: Any, foreign: Office, capfd: pytest.CaptureFixture[str]
) -> None:
    world, walk = tour
    capfd.readouterr()
    met, own = [], 0
    for name, text in walk():
        met += [f"{name} shows {word}" for word in secrets_of(foreign) if word in text]
        own += world.mine.mark in text
    logged = "".join(capfd.readouterr())
    met += [f"the log shows {word}" for word in secrets_of(foreign) if word in logged]
    assert not met, "\n".join(met)
    assert own > 5, "the tour meets what is its own"
    assert "route=/queue" in logged
    assert world.mine.mark not in logged, "a log line repeats a citizen's words"


def test_rel_i4_search_finds_nothing_of_another_office(
    world: Any, foreign: Office, api_of: Any, app: Flask
) -> None:
    common = "电梯停运一周"
    own = api_of(foreign.tenant_id).get("/cases", q=common).get_data(as_text=True)
    assert foreign.ids["case"] in own
    found = api_of(world.mine.tenant_id).get("/cases", q=common).get_data(as_text=True)
    page = world.people["liaison"].browser(app).get("/queue", query_string={"q": common})
    for text in (found, page.get_data(as_text=True)):
        assert not [word for word in secrets_of(foreign) if word in text]
        assert world.mine.ids["tenant"] in text


def test_rel_i4_the_bell_and_the_servers_own_views_hold_no_text_of_any_office(
    world: Any, foreign: Office, servers: Servers, owner: psycopg.Connection[Any]
) -> None:
    with Redis.from_url(servers.redis_url) as redis:
        held = [part for key in redis.scan_iter() for part in (key, *_content(redis, key))]
    assert any(b"minsheng" in part for part in held), "the bell has rung"
    activity = owner.execute(
        "select coalesce(application_name, '') || ' ' || coalesce(query, '') from pg_stat_activity"
    )
    said = [row[0].encode() for row in activity]
    for office in (world.mine, foreign):
        for word in secrets_of(office):
            assert not [part for part in (*held, *said) if word.encode() in part]
    assert owner.execute("select pg_notification_queue_usage()").fetchone() == (0,)


def _content(redis: Any, key: bytes) -> Iterator[bytes]:
    """Everything that a key holds, as bytes."""
    kind = redis.type(key)
    if kind == b"string":
        yield redis.get(key)
    elif kind == b"list":
        yield from redis.lrange(key, 0, -1)
    elif kind == b"hash":
        for pair in redis.hgetall(key).items():
            yield from pair
    elif kind == b"set":
        yield from redis.smembers(key)
    elif kind == b"zset":
        yield from redis.zrange(key, 0, -1)
    elif kind == b"stream":
        for _id, fields in redis.xrange(key):
            for pair in fields.items():
                yield from pair
    else:
        pytest.fail(f"{key!r} holds a {kind!r}: read it here")


def links_of(text: str) -> set[str]:
    """The addresses on a page that are opened by looking; forms are attacked by the matrix."""
    found = {html.unescape(link) for link in _LINK.findall(text)}
    return {link for link in found if link.startswith("/") and "/static/" not in link}


def test_rel_i4_links_of_one_office_open_nothing_for_another_for_nobody_or_after_the_end(
    tour: Any, foreign: Office, app: Flask, process: Process
) -> None:
    world, walk = tour
    links = set().union(*(links_of(text) for _name, text in walk()))
    named = {link for link in links if any(word in link for word in secrets_of(world.mine))}
    assert len(named) > 10
    strangers = {role: person(process, foreign.tenant_id, role).browser(app) for role in _ROLES}
    strangers |= {"nobody": app.test_client(), "ended": ended(process, world, app)}
    opened = []
    for link in sorted(links):
        for who, browser in strangers.items():
            answer = browser.get(link)
            seen = [w for w in secrets_of(world.mine) if w in answer.text and w not in link]
            allowed = answer.status_code in _REFUSED or link not in named
            if seen or not (allowed or only_asks(link)):
                opened.append(f"{link} by {who}: {answer.status_code} {seen}")
    assert not opened, "\n".join(opened)


def only_asks(link: str) -> bool:
    """Whether the id stands in the query of a list, which then is empty."""
    return any(f"{name}=" in link for name in _ASKED)


def ended(process: Process, world: Any, app: Flask) -> FlaskClient:
    """A browser of office A whose session was logged out elsewhere."""
    someone = person(process, world.mine.tenant_id, "liaison")
    left = someone.browser(app).post("/logout", data={"csrf_token": someone.csrf})
    assert left.status_code == 303
    return someone.browser(app)


def test_rel_i4_a_tag_of_one_office_is_new_to_another_and_to_nobody(
    world: Any, foreign: Office, app: Flask, process: Process
) -> None:
    live = {"HX-Request": "true"}
    mine = world.people["liaison"].browser(app)
    other = person(process, foreign.tenant_id, "liaison").browser(app)
    for path in ("/queue", "/channels"):
        known = live | {"If-None-Match": mine.get(path, headers=live).headers["ETag"]}
        assert mine.get(path, headers=known).status_code == 304
        theirs = other.get(path, headers=known)
        assert theirs.status_code == 200
        assert world.mine.mark not in theirs.text
        for nobody in (app.test_client(), ended(process, world, app)):
            assert nobody.get(path, headers=known).status_code == 401
