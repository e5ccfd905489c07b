"""Queue page and search at 100,000 cases of one office among others, as the service's login."""

import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from flask.testing import FlaskClient
from psycopg.types.json import Jsonb

from bench.stage import Stage
from minsheng.accounts.service import NewUser, plant_user
from minsheng.audit import SYSTEM
from minsheng.cases.search import pair_codes, searchable
from minsheng.faces.app import create_app
from minsheng.faces.demo_data import load_messages
from minsheng.runtime.ids import new_id
from minsheng_tenants import NewBody, create_body

CASES = 100_000
OTHERS, OTHER_CASES = 10, 2_000
PAGES, SEARCHES = 200, 200
SEED = 7
PASSWORD = "bench-bench-bench"
_PLACES = (
    "东街 西关 南庄 北岭 河湾 桥头 学府 阳光 和平 新华 建设 龙泉 石门 槐树 柳林 永安".split()  # noqa: SIM905
)


def measure_screens(stage: Stage) -> dict[str, object]:
    rng = random.Random(SEED)
    words = _fill(stage, rng)
    client = _logged_in(stage)
    pages = [_time(client, path) for path in _paths(rng)]
    searches = [_time(client, "/queue", q=wish) for wish in _wishes(rng, words)]
    return {
        f"queue page at {CASES} cases, ms (p50, p95)": _figures(pages),
        f"search at {CASES} cases, ms (p50, p95)": _figures(searches),
        "seed": SEED,
    }


def _fill(stage: Stage, rng: random.Random) -> list[str]:
    seeds = load_messages("130129", datetime.now(UTC))
    url = stage.process.settings.text("MINSHENG_DATABASE_OWNER_URL").replace("+psycopg", "")
    words: list[str] = []
    with psycopg.connect(url) as connection:
        for tenant_id, cases in [(stage.tenant_id, CASES), *_others(stage)]:
            rows = [_case(rng, seeds, tenant_id, number) for number in range(cases)]
            _copy(connection, "cases", CASE_COLUMNS, (row[0] for row in rows))
            _copy(connection, "case_search", SEARCH_COLUMNS, (row[1] for row in rows))
            words += [row[1][4] for row in rows[:500]]
        connection.commit()
        connection.autocommit = True
        connection.execute("vacuum analyze")
    return words


def _others(stage: Stage) -> Iterator[tuple[int, int]]:
    with stage.process.tools.database.owner_session() as session:
        for number in range(OTHERS):
            body = NewBody(f"1302{number:02d}", f"某县{number}", "county", "130100")
            yield create_body(session, body).id, OTHER_CASES


CASE_COLUMNS = (
    "tenant_id, id, number, subject, region, message_count, origins, channels, reviews,"
    " opened_at, last_at"
)
SEARCH_COLUMNS = "tenant_id, case_id, last_at, codes, words"


def _case(
    rng: random.Random, seeds: list[Any], tenant_id: int, number: int
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    seed = rng.choice(seeds)
    place = rng.choice(_PLACES) + rng.choice(_PLACES)
    subject = f"{place}{rng.randint(1, 99)}号：{seed.subject}"
    said = searchable(f"{subject}\n{place}{rng.randint(1, 999)}室反映，{seed.body}")
    case_id, many = new_id(), rng.choice((1, 1, 1, 1, 2, 3))
    at = datetime.now(UTC) - timedelta(minutes=rng.randint(0, 600_000))
    counts = Jsonb({seed.channel: many})
    return (
        (tenant_id, case_id, f"{tenant_id}-{number:07d}", subject, "", many, counts, counts,
         int(rng.random() < 0.03), at, at),
        (tenant_id, case_id, at, sorted(pair_codes(tenant_id, said)), said),
    )  # fmt: skip


def _copy(connection: Any, table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with connection.cursor().copy(f"copy {table} ({columns}) from stdin") as copy:
        for row in rows:
            copy.write_row(row)


def _logged_in(stage: Stage) -> FlaskClient:
    tools = stage.process.tools
    with tools.database.operator_session(stage.tenant_id) as session:
        plant_user(session, tools, SYSTEM, NewUser("bench", "测试", ("liaison",), PASSWORD))
    client = create_app(stage.process).test_client()
    page = client.get("/login").get_data(as_text=True)
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"office": "130129", "username": "bench", "password": PASSWORD, "csrf_token": token}
    answer = client.post("/login", data=form)
    if answer.status_code not in (302, 303):
        message = f"the login was refused: {answer.status_code}"
        raise RuntimeError(message)
    return client


def _paths(rng: random.Random) -> list[str]:
    views = ("", "?view=review", "?view=joined", "?view=unclaimed", "?view=overdue", "?sort=due")
    return ["/queue" + rng.choice(views) for _ in range(PAGES)]


def _wishes(rng: random.Random, words: list[str]) -> list[str]:
    """Pieces of two to six characters of the texts themselves: frequent and rare ones."""
    wishes = []
    for _ in range(SEARCHES):
        said, length = rng.choice(words), rng.randint(2, 6)
        start = rng.randrange(max(len(said) - length, 1))
        wishes.append(said[start : start + length])
    return wishes


def _time(client: FlaskClient, path: str, **query: str) -> float:
    begun = time.perf_counter()
    answer = client.get(path, query_string=query or None)
    if answer.status_code != 200:
        message = f"answered {answer.status_code}"
        raise RuntimeError(message)
    return (time.perf_counter() - begun) * 1000


def _figures(times: list[float]) -> str:
    p95 = statistics.quantiles(times, n=20)[18]
    return f"{statistics.median(times):.1f}, {p95:.1f}"
