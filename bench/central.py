"""The central page over 19,000 offices, and how long a change takes to reach the top."""

import random
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from bench.screens import _figures, _time
from bench.stage import Stage
from minsheng.accounts.service import NewUser, plant_user
from minsheng.audit import SYSTEM
from minsheng.faces.app import create_app
from minsheng.faces.process import make_runner
from minsheng_tenants import find_body

DAYS = 90
PAGES = 60
CHANGES = 40
SEED = 7
PASSWORD = "bench-bench-bench"
CENTRE = "000000"

_PROVINCES = """
    insert into tenants (code, name, kind, parent_id)
    select 'P' || n, '省' || n, 'province', (select id from tenants where code = '000000')
    from generate_series(1, 31) n
"""
_BELOW = """
    insert into tenants (code, name, kind, parent_id)
    select p.code || '-' || n, p.name || n, %(kind)s, p.id
    from (select * from tenants where kind = %(above)s and code like 'P%%' order by id
        limit %(most)s) p, generate_series(1, %(many)s) n
"""
_OWN = """
    insert into facts (tenant_id, office_id, measure, day, channel, value, stamp, fresh)
    select t.id, t.id, m.measure, current_date - d, m.channel,
        (('x' || substr(md5(t.id::text || m.measure || d), 1, 4))::bit(16)::int %% 9), 1, 0
    from tenants t, (values ('cases', ''), ('messages', 'hotline_12345'), ('messages', 'mailbox'),
        ('joined', ''), ('open', ''), ('due', ''), ('closed', '')) as m(measure, channel),
        generate_series(0, %(days)s, 3) d
    where t.kind = 'county' and t.code like 'P%%'
"""
_TOLD = """
    insert into facts (tenant_id, office_id, measure, day, channel, value, stamp, fresh)
    select c.parent_id, c.id, f.measure, f.day, f.channel, sum(f.value), 1, 0
    from tenants c join facts f on f.tenant_id = c.id
    where c.kind = %(kind)s and c.code like 'P%%'
    group by c.parent_id, c.id, f.measure, f.day, f.channel
"""
_CHANGE = """
    insert into fact_changes (tenant_id, measure, day, channel, change)
    values (%(tenant)s, 'cases', %(day)s, '', 1)
"""
_WORK = """
    insert into work (tenant_id, kind, row_id, due_at)
    values (%(tenant)s, 'roll_up', gen_random_uuid(), now())
"""


def measure_central(stage: Stage) -> dict[str, object]:
    """Pages of the centre and of provinces; one county's change told up four levels."""
    rng = random.Random(SEED)
    url = stage.process.settings.text("MINSHENG_DATABASE_OWNER_URL").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        offices = _grow(connection)
        client = _logged_in(stage)
        for _ in range(5):
            _time(client, "/figures")
        centre = [_time(client, "/figures") for _ in range(PAGES)]
        provinces = [
            _time(client, "/figures", office=f"P{rng.randint(1, 31)}") for _ in range(PAGES)
        ]
        year = str(_today() - timedelta(days=360))
        whole = [_time(client, "/figures", since=year) for _ in range(PAGES)]
        climbs = [_climb(stage, connection, rng) for _ in range(CHANGES)]
    return {
        f"central page over {offices} offices, ms (p50, p95)": _figures(centre),
        "a province's page from the centre, ms (p50, p95)": _figures(provinces),
        "central page over 361 days, ms (p50, p95)": _figures(whole),
        "one change told up four levels, ms (p50, p95)": _figures(climbs),
        "seed": SEED,
    }


def _grow(connection: Any) -> int:
    connection.execute(_PROVINCES)
    for kind, above, most, many in (
        ("city", "province", 31, 12),
        ("county", "city", 31 * 12, 50),
    ):
        asked = {"kind": kind, "above": above, "most": most, "many": many}
        connection.execute(_BELOW, asked)
    connection.execute(_OWN, {"days": DAYS})
    for kind in ("county", "city", "province"):
        connection.execute(_TOLD, {"kind": kind})
    connection.execute("vacuum analyze")
    return int(connection.execute("select count(*) from tenants").fetchone()[0])


def _today() -> date:
    return datetime.now(UTC).date()


def _climb(stage: Stage, connection: Any, rng: random.Random) -> float:
    """Milliseconds until the centre knows of one more case of a county."""
    county = connection.execute(
        "select id, ancestors from tenants where kind = 'county' and code like 'P%%'"
        " order by id offset %(at)s limit 1",
        {"at": rng.randrange(10_000)},
    ).fetchone()
    asked = {"tenant": county[0], "day": _today()}
    connection.execute(_CHANGE, asked)
    connection.execute(_WORK, asked)
    runner = make_runner(stage.process)
    begun = time.perf_counter()
    for office in (county[0], *reversed(county[1])):
        if not runner.answer(office, "roll_up"):
            message = f"nothing to add up in office {office}"
            raise RuntimeError(message)
    return (time.perf_counter() - begun) * 1000


def _logged_in(stage: Stage) -> Any:
    tools = stage.process.tools
    with tools.database.owner_session() as session:
        centre = find_body(session, CENTRE).id
    with tools.database.operator_session(centre) as session:
        plant_user(session, tools, SYSTEM, NewUser("bench", "测试", ("leader",), PASSWORD))
    client = create_app(stage.process).test_client()
    page = client.get("/login").get_data(as_text=True)
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"office": CENTRE, "username": "bench", "password": PASSWORD, "csrf_token": token}
    answer = client.post("/login", data=form)
    if answer.status_code not in (302, 303):
        message = f"the login was refused: {answer.status_code}"
        raise RuntimeError(message)
    return client
