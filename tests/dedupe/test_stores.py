"""Both stores give the same answers; the one in PostgreSQL stays in its tenant and transaction."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest

from minsheng_dedupe import Match, Matcher, MatcherConfig, MemoryStore, PostgresStore, Record
from minsheng_dedupe.features import FIXED, SLOT_BITS, SLOTS
from minsheng_dedupe.postgres import SCHEMA, MessageIdError
from minsheng_dedupe.stores import Store

Letter = Callable[..., Record]
Connection = psycopg.Connection[Any]

PARTS = {
    "place": ["锦绣花园小区", "翠湖家园", "东风路", "石桥村", "实验小学", "人民医院门口"],
    "where": ["3号楼2单元", "五号楼", "12栋301室", "二期", "", "路口"],
    "what": ["电梯停运", "污水外溢", "路灯不亮", "夜间施工噪音扰民", "停车费涨到200元", "暖气不热"],
    "since": ["已经半个月", "上周开始", "从2026年年初到现在", "多次反映"],
    "then": ["物业推脱没有维修资金", "打电话没人接", "老人孩子出行不便", "居民无法休息"],
    "ask": ["请尽快处理", "希望派人查看", "请督促整改", "盼回复"],
}


def _corpus(seed: int, count: int) -> list[Record]:
    """Letters put together from few parts, so that many are alike; citizens from a few."""
    random = Random(seed)
    records = []
    for _ in range(count):
        chosen = {k: random.choice(v) for k, v in PARTS.items()}
        body = "，".join(random.choice(PARTS[k]) if random.random() < 0.1 else v
                        for k, v in chosen.items())  # fmt: skip
        citizen = str(random.randrange(count // 3 + 1)).encode()
        records.append(
            Record(
                str(uuid.UUID(int=random.getrandbits(128))),
                random.choice(["hotline_12345", "mailbox", "leaders_board"]),
                chosen["place"] + chosen["what"],
                body * random.choice([0, 1, 1, 1, 2]),
                datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=random.randrange(9000)),
                random.choice(["", "赵县", "130131"]),
                phone_ix=random.choice([b"", b"p" + citizen]),
                email_ix=random.choice([b"", b"e" + citizen]),
                name_ix=random.choice([b"", b"n" + citizen]),
            )
        )
    return records + random.sample(records, count // 10)


def _one_by_one(store: Store, records: list[Record], config: MatcherConfig) -> list[list[Match]]:
    matcher, answers = Matcher(config, store), []
    for record in records:
        answers.append(matcher.match(record))
        matcher.add(record)
    return answers


@pytest.fixture
def database(postgres_connection: Connection) -> Connection:
    for statement in SCHEMA:
        postgres_connection.execute(statement.encode())
    postgres_connection.commit()
    return postgres_connection


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cap", [2, 24])
def test_a_batch_is_answered_as_one_after_another(seed: int, cap: int) -> None:
    records, config = _corpus(seed, 120), MatcherConfig(postings_cap=cap)
    expected = _one_by_one(MemoryStore(), records, config)
    assert sum(map(len, expected)) > 100, f"seed {seed}"
    assert Matcher(config, MemoryStore()).arrive(records) == expected, f"seed {seed}"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("cap", [2, 24])
def test_postgres_answers_as_memory_does(database: Connection, seed: int, cap: int) -> None:
    records, config = _corpus(100 + seed, 90), MatcherConfig(postings_cap=cap)
    expected = _one_by_one(MemoryStore(), records, config)
    by_one = _one_by_one(PostgresStore(database, 1), records, config)
    assert by_one == expected, f"seed {100 + seed}"
    batched, matcher = [], Matcher(config, PostgresStore(database, 2))
    for start in range(0, len(records), 25):
        batched += matcher.arrive(records[start : start + 25])
    assert batched == expected, f"seed {100 + seed}"


@pytest.mark.parametrize("kind", ["memory", "postgres"])
def test_forgetting_leaves_nothing_and_keeps_the_rest(database: Connection, kind: str) -> None:
    records = list(dict.fromkeys(_corpus(5, 60)))
    store = MemoryStore() if kind == "memory" else PostgresStore(database)
    matcher = Matcher(None, store)
    matcher.arrive(records)
    gone, kept = records[::2], records[1::2]
    matcher.forget([r.message_id for r in gone] + [str(uuid.UUID(int=1))])
    found = {m.message_id for r in records for m in matcher.match(r)}
    assert found.isdisjoint(r.message_id for r in gone)
    assert found & {r.message_id for r in kept}
    matcher.forget([r.message_id for r in kept])
    rows = database.execute("select count(*) from match_codes").fetchone()
    assert rows == (0,)


@pytest.mark.parametrize("kind", ["memory", "postgres"])
def test_a_message_is_stored_once_and_never_finds_itself(
    database: Connection, letter: Letter, kind: str
) -> None:
    store = MemoryStore() if kind == "memory" else PostgresStore(database)
    matcher, first = Matcher(None, store), letter(message_id=str(uuid.UUID(int=7)))
    matcher.add(first)
    matcher.add(replace(first, body="改写之后的内容不应当覆盖先前保存的那一件来信", subject="改写"))
    assert matcher.arrive([first, first]) == [[], []]
    again = matcher.match(replace(first, message_id=str(uuid.UUID(int=8))))
    assert [(m.message_id, m.decision) for m in again] == [(first.message_id, "same")]


def test_a_tenant_sees_its_own_records_only(database: Connection, letter: Letter) -> None:
    record = letter(message_id=str(uuid.UUID(int=7)))
    Matcher(None, PostgresStore(database, 1)).add(record)
    asked = replace(record, message_id=str(uuid.UUID(int=8)))
    assert Matcher(None, PostgresStore(database, 2)).match(asked) == []
    assert len(Matcher(None, PostgresStore(database, 1)).match(asked)) == 1
    Matcher(None, PostgresStore(database, 2)).forget([record.message_id])
    assert len(Matcher(None, PostgresStore(database, 1)).match(asked)) == 1
    Matcher(None, PostgresStore(database, 2)).add(record)
    assert len(Matcher(None, PostgresStore(database, 2)).match(asked)) == 1


def test_what_the_caller_rolls_back_was_never_there(database: Connection, letter: Letter) -> None:
    record = letter(message_id=str(uuid.UUID(int=7)))
    matcher = Matcher(None, PostgresStore(database))
    matcher.arrive([record])
    assert len(matcher.match(replace(record, message_id=str(uuid.UUID(int=8))))) == 1
    database.rollback()
    assert matcher.match(replace(record, message_id=str(uuid.UUID(int=8)))) == []


def test_an_id_that_is_no_uuid_is_refused_in_words(database: Connection, letter: Letter) -> None:
    matcher = Matcher(None, PostgresStore(database))
    for wrong in ("m1", str(uuid.UUID(int=7)).replace("-", ""), "A" * 36, "'};drop"):
        with pytest.raises(MessageIdError, match="lower-case uuid"):
            matcher.add(letter(message_id=wrong))


def test_a_common_text_keeps_its_codes_short(database: Connection, letter: Letter) -> None:
    store = PostgresStore(database)
    matcher = Matcher(MatcherConfig(postings_cap=5), store)
    matcher.arrive([letter(message_id=str(uuid.UUID(int=i))) for i in range(1, 40)])
    for at in range(SLOTS + len(FIXED)):
        longest = database.execute(
            f"select coalesce(max(n), 0) from (select count(*) as n from match_codes"
            f" where c{at:02} is not null group by c{at:02}) as c".encode()
        ).fetchone()
        assert longest in [(5,), (0,)]


def test_a_batch_costs_few_statements(database: Connection) -> None:
    records = _corpus(3, 100)
    Matcher(None, PostgresStore(database)).arrive(records[:50])
    statements = _counted(database)
    Matcher(None, PostgresStore(database)).arrive(records[50:])
    assert 0 < len(statements) <= 4
    assert all("tenant_id = %s" in query or "insert" in query for query in statements)


def test_a_message_by_itself_costs_three_statements(database: Connection) -> None:
    records = _corpus(3, 60)
    matcher = Matcher(None, PostgresStore(database))
    matcher.arrive(records[:50])
    statements = _counted(database)
    assert matcher.match(records[50])
    matcher.add(records[50])
    assert len(statements) == 3, "codes, records, insert"
    matcher.add(records[51])
    assert len(statements) == 5, "what was not matched first is asked for when it is added"


def _counted(database: Connection) -> list[Any]:
    """The statements of the connection from now on."""
    statements: list[Any] = []

    class Counting(psycopg.Cursor[Any]):
        def execute(self, query: Any, *rest: Any, **more: Any) -> Any:
            statements.append(query)
            return super().execute(query, *rest, **more)

    database.cursor_factory = Counting
    return statements


def test_row_security_leaves_the_index_on(database: Connection) -> None:
    """An operator that is not leakproof would be a filter over the whole table here."""
    for statement in (
        "create role match_reader nologin",
        "grant select on match_codes to match_reader",
        "alter table match_codes enable row level security",
        "alter table match_codes force row level security",
        "create policy own on match_codes using"
        " (tenant_id = nullif(current_setting('app.tenant', true), '')::int)",
        "insert into match_codes (tenant_id, message_id, payload, c00, c07)"
        " select t, gen_random_uuid(), '', c, c"
        " from generate_series(1, 5) t, generate_series(1, 4000) c",
        "analyze match_codes",
        "set local role match_reader",
        "select set_config('app.tenant', '3', true)",
    ):
        database.execute(statement.encode())
    codes = [7, 8, 7 << SLOT_BITS | 9]
    found = PostgresStore(database, 3).postings(codes)
    assert sorted(found) == codes
    assert PostgresStore(database, 4).postings(codes) == {}
    plan = database.execute(
        "explain select c07 from match_codes where tenant_id = 3 and c07 = any(%s::integer[])",
        [[7, 8, 9]],
    ).fetchall()
    shown = "\n".join(row[0] for row in plan)
    assert "Index Cond: ((tenant_id = 3) AND (c07 = ANY" in shown, shown
    assert "Seq Scan" not in shown
    database.rollback()
