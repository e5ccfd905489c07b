"""Pages of the desk over one office's cases among fifty offices, as the service's login.

Times are of the whole request within the application (test client, an officer who is logged in),
row security on; statements are counted by the engine of that login.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from flask.testing import FlaskClient
from sqlalchemy import event, select

from bench.screens_fill import LARGE, Filled, fill, owner_url
from bench.stage import Stage
from minsheng.accounts.models import User
from minsheng.accounts.service import open_session
from minsheng.audit import Actor
from minsheng.cases.service import QueueQuery, queue_page, save_view
from minsheng.faces.app import create_app
from minsheng.faces.web.cookies import session_cookie

OTHERS, OTHER_CASES = 49, 3_000
ROUNDS = 100
"""Requests of each page; the first two are not counted, for they fill caches."""
SEED = 7
OFFICER = "officer07"
PAGE_ROWS, FAR_PAGE = 200, 75
"""The far page of a list begins behind PAGE_ROWS x FAR_PAGE cases: the 500th of 30 rows."""
Ask = Callable[[FlaskClient, int], Any]


@dataclass(frozen=True, slots=True)
class Page:
    """A page to ask for: its name in the table, its addresses in turn, headers it is asked with."""

    name: str
    paths: Sequence[str]
    headers: Sequence[tuple[str, str]] = ()
    status: int = 200


def measure_screens(stage: Stage) -> dict[str, object]:
    """A hundred thousand cases of one office."""
    return _measure(stage, 100_000)


def measure_million(stage: Stage) -> dict[str, object]:
    """A million cases of one office."""
    return _measure(stage, 1_000_000)


def _measure(stage: Stage, cases: int) -> dict[str, object]:
    filled = fill(stage, cases, OTHERS, OTHER_CASES, SEED)
    client = log_in(stage)
    figures: dict[str, object] = {_header(cases, filled): "p50, p95, ms; processor, ms; statements"}
    for page in [*pages(stage), polled(client)]:
        figures[page.name] = measure_page(stage, client, page)
    figures["load of the machine"] = f"{os.getloadavg()[0]:.1f}"
    return figures


def _header(cases: int, filled: Filled) -> str:
    size = f"{filled.size / 1e9:.1f} GB"
    return f"{cases} cases, {len(filled.offices)} offices, {size}, filled in {filled.seconds:.0f} s"


def measure_page(stage: Stage, client: FlaskClient, page: Page) -> str:
    """Median and 95th percentile of its times, its processor time, and the most statements of one.

    Processor time (application and database, the mean) says what it costs on a busy machine too.
    """
    times, most, used = [], 0, 0.0
    for turn in range(ROUNDS + 2):
        if turn == 2:
            used = processor_seconds(stage)
        took, statements = _ask(stage, client, page, page.paths[turn % len(page.paths)])
        if turn > 1:
            times.append(took)
            most = max(most, statements)
    cost = (processor_seconds(stage) - used) * 1000 / len(times)
    return f"{_figures(times)}; {cost:.1f}; {most}"


def _ask(stage: Stage, client: FlaskClient, page: Page, path: str) -> tuple[float, int]:
    with counted(stage) as said:
        begun = time.perf_counter()
        answer = client.get(path, headers=list(page.headers))
        took = (time.perf_counter() - begun) * 1000
    if answer.status_code != page.status:
        message = f"{path} answered {answer.status_code}"
        raise RuntimeError(message)
    return took, len(said)


def processor_seconds(stage: Stage) -> float:
    """What this process and the database's processes for the service's login have used (Linux)."""
    with psycopg.connect(owner_url(stage)) as connection:
        found = connection.execute(_BACKENDS).fetchall()
    spent = time.process_time()
    for (pid,) in found:
        spent += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return spent


_BACKENDS = "select pid from pg_stat_activity where usename = 'minsheng_app'"


@contextmanager
def counted(stage: Stage) -> Iterator[list[tuple[str, Any]]]:
    """The statements of the service's login meanwhile, with their parameters."""
    said: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, words: str, given: Any, *_more: Any) -> None:
        said.append((words, given))

    engine = stage.process.tools.database.app_engine
    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def log_in(stage: Stage) -> FlaskClient:
    """A browser of an officer with twenty saved views."""
    tools = stage.process.tools
    app = create_app(stage.process)
    with tools.database.session(stage.tenant_id) as session:
        user = session.scalars(select(User).where(User.username == OFFICER)).one()
        token = open_session(session, tools, user, "127.0.0.1")
        for number in range(20):
            query = f"view=overdue&grade=urgent&stage=handling&due=week&handler=officer{number:02d}"
            save_view(session, tools, Actor("user", OFFICER), f"看{number}", query)
    client = app.test_client()
    with app.test_request_context():
        client.set_cookie(session_cookie(), token)
    return client


def pages(stage: Stage) -> list[Page]:
    """Everything that is asked for."""
    return [*_views(), *_filters(), *_cursors(stage), *_searches(stage), *_cases(stage)]


def _views() -> Iterator[Page]:
    yield Page("queue, all", ["/queue"])
    for view in ("mine", "unclaimed", "today", "overdue", "review", "joined"):
        yield Page(f"queue, view {view}", [f"/queue?view={view}"])
    for state in ("closed", "merged"):
        yield Page(f"queue, {state}", [f"/queue?state={state}"])


def _filters() -> Iterator[Page]:
    for query in (
        "sort=due", "sort=last_at", "state=closed&sort=due", "state=closed&sort=last_at",
        "view=mine&sort=-last_at", "view=unclaimed&sort=due", "view=review&sort=due",
        "view=joined&sort=due", "view=mine&state=closed", "view=unclaimed&state=closed",
        "view=overdue&sort=-last_at", "view=today&sort=-last_at",
        "channel=mailbox", "channel=mailbox&state=closed", "channel=bench",
        "stage=handling", "stage=replied", "stage=replied&sort=due", "grade=urgent",
        "grade=urgent&sort=due", "grade=gone", "handler=officer39", "handler=officer39&sort=due",
        "handler=gone", "handler=gone&state=closed",
        "due=overdue", "due=today", "due=week", "due=paused", "due=none",
        "due=paused&sort=due", "stage=replied&handler=officer39&grade=complex",
        "view=overdue&grade=urgent&stage=handling&handler=officer11",
    ):  # fmt: skip
        yield Page(f"queue, {query}", [f"/queue?{query}"])


def _cursors(stage: Stage) -> Iterator[Page]:
    """The second page and a far one, of the plain queue and of the one by deadline."""
    tools = stage.process.tools
    for sort in ("-last_at", "due"):
        cursor = ""
        for turn in range(FAR_PAGE):
            query = QueueQuery(sort=sort, cursor=cursor, limit=30 if turn == 0 else PAGE_ROWS)
            with tools.database.session(stage.tenant_id) as session:
                cursor = queue_page(session, tools, query).next_cursor or cursor
            if turn in (0, FAR_PAGE - 1):
                which = "second" if turn == 0 else "about the 500th"
                path = f"/queue?sort={sort}&cursor={cursor}"
                yield Page(f"queue, {which} page by {sort}", [path])


def _searches(stage: Stage) -> Iterator[Page]:
    rooms = ["东街西关12号", "南庄北岭77号", "龙泉石门345室", "槐树柳林9号"]
    with psycopg.connect(owner_url(stage)) as connection:
        tenant = [stage.tenant_id]
        numbers = connection.execute(_NUMBERS, tenant).fetchall()
    phones = [f"138{number:08d}" for number in range(40)]
    for name, wishes in (
        ("a common word", ["反映"]), ("a word of some", ["暖气", "积水", "路灯"]),
        ("a rare word", rooms), ("a word of none", ["麒麟瑞兽", "qwerty"]),
        ("two common words", ["反映 要求", "反映 处理"]),
        ("a common and a rare word", [f"反映 {room}" for room in rooms]),
        ("two words that never meet", ["暖气 积水", "地下室 公交"]),
        ("a case number", [number for (number,) in numbers]), ("a telephone", phones),
    ):  # fmt: skip
        paths = [f"/queue?q={wish}" for wish in wishes]
        yield Page(f"search, {name}", paths)
    yield Page("search, a common word among the closed", ["/queue?q=反映&state=closed"])


def _cases(stage: Stage) -> Iterator[Page]:
    with psycopg.connect(owner_url(stage)) as connection:
        for many in (3, LARGE):
            asked = {"tenant": stage.tenant_id, "many": many}
            found = connection.execute(_OF_SIZE, asked).fetchall()
            paths = [f"/cases/{number}" for (number,) in found]
            yield Page(f"case of {many} messages", paths)
            yield Page(f"preview of {many} messages", [f"{path}/preview" for path in paths])
    yield Page("list of pairs to review", ["/review/list"])
    yield Page("the first pair to review", ["/review"], status=303)


def polled(client: FlaskClient) -> Page:
    """The queue asked again by itself, with nothing new in it."""
    live = ("HX-Request", "true")
    tag = client.get("/queue", headers=[live]).headers["ETag"]
    return Page("queue asked again, nothing new", ["/queue"], [live, ("If-None-Match", tag)], 304)


_NUMBERS = """
    select number from cases where tenant_id = %s and state = 'open' and not secret
    order by number limit 50
"""
_OF_SIZE = """
    select number from cases where tenant_id = %(tenant)s and message_count = %(many)s
      and state = 'open' and not secret order by number limit 40
"""


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
