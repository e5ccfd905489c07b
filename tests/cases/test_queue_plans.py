"""Each part of the queue is found by an index of its office, as a million cases would have it."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from minsheng.audit import Tools, make_tools
from minsheng.cases.service import DUES, STATES, VIEWS, QueueQuery, queue_page, view_counts
from minsheng.runtime.clock import SystemClock
from minsheng.runtime.database import Database

WATCHED = {"cases"}
CASES = 3_000
_FILL = """
    insert into cases (tenant_id, id, number, subject, region, message_count, origins, channels,
        opened_at, last_at, stage, handler, claimed, grade, due_at, paused, secret, reviews, state,
        closed_at)
    select %(tenant)s, uuidv7(), 'N-' || n, '', '', 1 + n %% 3, '{}', '{"mailbox": 1}', now(),
        now() - n * interval '1 hour', 'handling', 'officer' || n %% 40, n %% 7 > 0,
        (array['urgent', 'ordinary', 'complex'])[1 + n %% 3],
        case when n %% 19 > 0 then now() + (n - 900) * interval '20 minutes' end, n %% 23 = 0,
        n %% 99 = 0, (n %% 50 = 0)::int, case when n %% 17 = 0 then 'merged' else 'open' end,
        case when n %% 3 = 0 then now() end
    from generate_series(1, %(cases)s) n
"""
_STATISTICS = """
    select pg_restore_relation_stats('schemaname', 'public', 'relname', relname::text,
        'relpages', relpages, 'reltuples', 1000000::real)
    from pg_class where relname = any(%s) and relkind = 'r'
"""
"""The planner reckons with a million rows in the pages that there are."""


class Explained:
    """An office in a database of its own, and the plans of what it asks for."""

    def __init__(self, database: Database, tools: Tools, tenant_id: int) -> None:
        self.database, self.tools, self.tenant_id = database, tools, tenant_id

    def plans(self, ask: Callable[[Session], object]) -> list[dict[str, Any]]:
        """Every node of the plans of the statements that ``ask`` makes."""
        said: list[tuple[str, Any]] = []

        def note(_c: Any, _cursor: Any, words: str, given: Any, *_more: Any) -> None:
            said.append((words, given))

        engine = self.database.app_engine
        with self.database.session(self.tenant_id) as session:
            event.listen(engine, "before_cursor_execute", note)
            ask(session)
            event.remove(engine, "before_cursor_execute", note)
            return [node for each in said for node in self._explain(session, *each)]

    def _explain(self, session: Session, words: str, given: Any) -> list[dict[str, Any]]:
        if not words.lstrip().lower().startswith("select"):
            return []
        asked = f"explain (format json) {words}"
        plan = session.connection().exec_driver_sql(asked, given).scalar_one()
        tree = json.loads(plan) if isinstance(plan, str) else plan
        return list(_nodes(tree[0]["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


@pytest.fixture(scope="module")
def explained(new_database: Any, office_on: Any, master: Any) -> Iterator[Explained]:
    """Three thousand cases, and statistics of a million."""
    logins = new_database()
    database = Database(logins.app, logins.worker, logins.operator)
    tenant_id = office_on(database)()
    with psycopg.connect(logins.owner.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute(_FILL, {"tenant": tenant_id, "cases": CASES})
        owner.execute("vacuum analyze")
        owner.execute(_STATISTICS, [list(WATCHED)])
    yield Explained(database, make_tools(database, master, SystemClock()), tenant_id)
    database.dispose()


def faults(nodes: Sequence[dict[str, Any]]) -> list[str]:
    """The scans of cases that are none of an index of the office."""
    found = [node for node in nodes if node.get("Relation Name") in WATCHED]
    return [
        f"{node['Node Type']} of {node['Relation Name']}: {node.get('Filter')}"
        for node in found
        if "tenant_id" not in f"{node.get('Index Cond')}{node.get('Recheck Cond')}"
    ]


QUERIES = [
    *(QueueQuery(view=view, state=state, sort=sort, me="officer7")
      for view in VIEWS for state in STATES for sort in ("", "due", "-last_at", "last_at")),
    *(QueueQuery(due=due, sort=sort) for due in DUES for sort in ("", "due")),
    *(QueueQuery(state=state, **{name: value}) for state in STATES for name, value in (
        ("handler", "officer3"), ("handler", "gone"), ("grade", "urgent"), ("grade", "gone"),
        ("stage", "handling"), ("stage", "replied"), ("channel", "mailbox"))),
    QueueQuery(q="N-77"), QueueQuery(q="13800138000"), QueueQuery(q="槐树小区 暖气"),
]  # fmt: skip


def test_every_view_filter_and_order_of_the_queue_is_a_range_of_an_index(
    explained: Explained,
) -> None:
    wrong, reads = {}, 0
    for query in QUERIES:
        nodes = explained.plans(lambda session, query=query: _page(explained, session, query))
        reads += any(node.get("Relation Name") == "cases" for node in nodes)
        if found := faults(nodes):
            wrong[str(query)] = found
    assert wrong == {}
    assert reads > len(QUERIES) / 2


def _page(explained: Explained, session: Session, query: QueueQuery) -> object:
    return queue_page(session, explained.tools, query)


def test_the_page_behind_a_cursor_begins_where_the_cursor_is(explained: Explained) -> None:
    for sort in ("", "last_at", "due"):
        query = QueueQuery(sort=sort)
        with explained.database.session(explained.tenant_id) as session:
            cursor = queue_page(session, explained.tools, query).next_cursor
        assert cursor
        second = QueueQuery(sort=sort, cursor=cursor)
        nodes = explained.plans(lambda session, asked=second: _page(explained, session, asked))
        assert faults(nodes) == []
        assert any("ROW(" in str(node.get("Index Cond")) for node in nodes), sort
        assert not any(node["Node Type"] == "Sort" for node in nodes), sort


def test_the_views_in_their_own_order_are_read_and_never_sorted(explained: Explained) -> None:
    for view in ("all", "unclaimed", "joined", "overdue"):
        query = QueueQuery(view=view)
        nodes = explained.plans(lambda session, query=query: _page(explained, session, query))
        assert [node for node in nodes if node["Node Type"] == "Sort"] == [], view


def test_the_counts_beside_the_views_read_no_case(explained: Explained) -> None:
    query = QueueQuery(me="officer7")
    nodes = explained.plans(lambda session: view_counts(session, explained.tools, query))
    reads = [node["Node Type"] for node in nodes if node.get("Relation Name") == "cases"]
    assert reads == ["Index Only Scan"] * 6


def test_a_page_that_reads_the_whole_table_would_be_seen(explained: Explained) -> None:
    def ask(session: Session) -> None:
        connection = session.connection()
        for way in ("indexscan", "indexonlyscan", "bitmapscan"):
            connection.exec_driver_sql(f"set local enable_{way} = off")
        _page(explained, session, QueueQuery())

    assert len(faults(explained.plans(ask))) == 1
