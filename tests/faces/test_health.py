"""Alive, ready and counted: what operators ask, answered without anybody's data."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from minsheng.audit import Tools, make_tools
from minsheng.faces.health import metrics_folder, register_health
from minsheng.faces.problems import register_problems
from minsheng.runtime.database import Database
from minsheng.runtime.embedded import Servers
from minsheng.runtime.ids import new_id
from minsheng.runtime.settings import Settings
from minsheng.runtime.work import add_work

Logins = Any
NOBODY = "redis://127.0.0.1:1/0"


def make_app(tools: Tools, redis: str = "") -> Flask:
    app = Flask("health")
    register_health(app, tools, Settings.from_environ({"MINSHENG_REDIS_URL": redis}))
    register_problems(app)

    @app.get("/api/v1/cases/<number>")
    def case(number: str) -> Any:
        return {"number": number}

    return app


def scrape(http: FlaskClient) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample of a scrape by name and label values (in the order of their names)."""
    families = text_string_to_metric_families(http.get("/metrics").text)
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def http(tools: Tools, servers: Servers) -> FlaskClient:
    return make_app(tools, servers.redis_url).test_client()


def own_tools(logins: Logins, tools: Tools) -> Tools:
    return make_tools(Database(logins.app, logins.worker, logins.owner), tools.master, tools.clock)


def test_the_process_is_alive_whatever_else_is_not(http: FlaskClient, tools: Tools) -> None:
    assert http.get("/healthz").json == {"status": "ok"}
    nowhere = make_tools(
        Database("postgresql+psycopg://x@127.0.0.1:1/x"), tools.master, tools.clock
    )
    alone = make_app(nowhere, NOBODY).test_client()
    assert alone.get("/healthz").status_code == 200
    assert alone.get("/readyz").status_code == 503
    assert alone.get("/readyz").json == {
        "status": "failed",
        "parts": {"database": "failed", "redis": "failed"},
    }


def test_it_is_ready_when_database_and_bell_answer(http: FlaskClient) -> None:
    answer = http.get("/readyz")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.json == {"status": "ok", "parts": {"database": "ok", "redis": "ok"}}


@pytest.mark.parametrize("redis", ["", NOBODY, "redis://:wrong@{host}", "nonsense"])
def test_a_silent_bell_is_named_but_the_service_stays_ready(
    tools: Tools, servers: Servers, redis: str
) -> None:
    wrong = redis.format(host=servers.redis_url.rpartition("@")[2])
    answer = make_app(tools, wrong).test_client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json["parts"] == {"database": "ok", "redis": "failed"}


def test_a_database_at_another_revision_is_not_ready(
    new_database: Callable[[], Logins], tools: Tools, servers: Servers
) -> None:
    mine = own_tools(new_database(), tools)
    http = make_app(mine, servers.redis_url).test_client()
    assert http.get("/readyz").status_code == 200
    with mine.database.owner_session() as session:
        session.execute(text("update alembic_version set version_num = '0001'"))
    answer = http.get("/readyz")
    assert (answer.status_code, answer.json["parts"]["database"]) == (503, "failed")
    mine.database.dispose()


def test_no_address_shows_a_password(tools: Tools, servers: Servers) -> None:
    http = make_app(tools, servers.redis_url.replace("127.0.0.1", "127.0.0.1")).test_client()
    secret = servers.redis_url.partition("@")[0].rpartition(":")[2]
    assert len(secret) > 8
    for path in ("/healthz", "/readyz", "/metrics"):
        assert secret not in http.get(path).text


def test_requests_are_counted_by_template_and_never_by_address(http: FlaskClient) -> None:
    for number in ("20261120-000001", "20261120-000002"):
        http.get(f"/api/v1/cases/{number}?q=13812345678")
    http.get("/nowhere/13812345678")
    http.open("/healthz", method="PROPFIND")
    seen = scrape(http)
    assert seen["minsheng_requests_total", ("GET", "/api/v1/cases/<number>", "200")] == 2
    assert seen["minsheng_requests_total", ("GET", "unmatched", "404")] == 1
    assert seen["minsheng_requests_total", ("OTHER", "unmatched", "405")] == 1
    assert seen["minsheng_request_seconds_count", ("/api/v1/cases/<number>",)] == 2
    assert "20261120" not in http.get("/metrics").text
    assert "13812345678" not in http.get("/metrics").text


def test_waiting_work_is_shown_by_kind_over_all_offices_and_none_is_named(
    new_database: Callable[[], Logins], tools: Any
) -> None:
    mine = own_tools(new_database(), tools)
    now = mine.clock.now()
    for tenant_id, kind, age in ((41, "parse", 90), (42, "parse", 30), (42, "match", 5),
                                 (42, "pull", -60)):  # fmt: skip
        with mine.database.session(tenant_id) as session:
            add_work(session, kind, [new_id()], now - timedelta(seconds=age))
    http = make_app(mine).test_client()
    seen = scrape(http)
    assert seen["minsheng_work_waiting", ("parse",)] == 2
    assert seen["minsheng_work_oldest_seconds", ("parse",)] == 90
    assert seen["minsheng_work_oldest_seconds", ("match",)] == 5
    assert ("minsheng_work_waiting", ("pull",)) not in seen
    assert seen["minsheng_metrics_readable", ("work",)] == 1
    tools.clock.move(timedelta(seconds=60))
    assert scrape(http)["minsheng_work_waiting", ("pull",)] == 1
    mine.database.dispose()


PLUGIN_OUTCOMES = """
create or replace function plugin_outcomes()
returns table (plugin text, outcome text, channels bigint)
language sql stable security definer set search_path = pg_catalog, public as $$
    select c.plugin, r.outcome, count(*)
    from public.channels c
    cross join lateral (
        select r.outcome from public.channel_runs r
        where r.tenant_id = c.tenant_id and r.channel_id = c.id and r.finished_at is not null
        order by r.id desc limit 1
    ) r
    where c.state = 'active'
    group by c.plugin, r.outcome
$$
"""


def test_last_runs_are_shown_by_plugin_and_outcome(
    new_database: Callable[[], Logins], tools: Tools
) -> None:
    mine = own_tools(new_database(), tools)
    with mine.database.owner_session() as session:
        session.execute(text(PLUGIN_OUTCOMES))
        session.execute(text("grant execute on function plugin_outcomes() to minsheng_app"))
        for tenant_id, outcomes in ((41, ["failed", "ok"]), (42, ["ok", "failed"]), (43, ["ok"])):
            add_runs(session, tenant_id, outcomes)
    seen = scrape(make_app(mine).test_client())
    assert seen["minsheng_channels_last_outcome", ("ok", "mailbox")] == 2
    assert seen["minsheng_channels_last_outcome", ("failed", "mailbox")] == 1
    assert seen["minsheng_metrics_readable", ("runs",)] == 1
    mine.database.dispose()


def add_runs(session: Any, tenant_id: int, outcomes: list[str]) -> None:
    channel = new_id()
    session.execute(
        text(
            "insert into channels (tenant_id, id, code, plugin, name, settings, created_at)"
            " values (:tenant, :id, 'mail', 'mailbox', '县长信箱', '', now())"
        ),
        {"tenant": tenant_id, "id": channel},
    )
    for outcome in outcomes:
        session.execute(
            text(
                "insert into channel_runs (tenant_id, id, channel_id, started_at, finished_at,"
                " outcome) values (:tenant, :id, :channel, now(), now(), :outcome)"
            ),
            {"tenant": tenant_id, "id": new_id(), "channel": channel, "outcome": outcome},
        )


def test_figures_that_cannot_be_read_are_said_to_be_missing(logins: Logins, tools: Tools) -> None:
    web_only = make_tools(Database(logins.app), tools.master, tools.clock)
    seen = scrape(make_app(web_only).test_client())
    assert seen["minsheng_metrics_readable", ("work",)] == 0
    assert not [name for name, _ in seen if name.startswith("minsheng_work")]
    web_only.database.dispose()


PROCESS = """
import sys
from flask import Flask
from minsheng.audit import make_tools
from minsheng.faces.health import register_health
from minsheng.runtime.clock import SystemClock
from minsheng.runtime.crypto import MasterKey
from minsheng.runtime.database import Database
from minsheng.runtime.settings import Settings
database = Database("postgresql+psycopg://x@127.0.0.1:1/x")
app = Flask("one")
register_health(app, make_tools(database, MasterKey(b"k" * 32), SystemClock()),
                Settings.from_environ({}))
http = app.test_client()
for _ in range(int(sys.argv[1])):
    http.get("/healthz")
sys.stdout.write(http.get("/metrics").text)
"""


def test_counters_of_several_web_processes_add_up_from_a_clean_start(tmp_path: Path) -> None:
    left = tmp_path / "metrics" / "counter_1.db"
    left.parent.mkdir()
    left.write_bytes(b"left over")
    environment = metrics_folder(tmp_path)
    assert not left.exists()

    def process(requests: int) -> str:
        command = [sys.executable, "-c", PROCESS, str(requests)]
        done = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
        return done.stdout

    wanted = 'minsheng_requests_total{method="GET",route="/healthz",status="200"}'
    assert f"{wanted} 2.0" in process(2)
    assert f"{wanted} 5.0" in process(3)


def test_the_lines_of_the_request_log_hold_template_and_status(
    http: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    http.get("/api/v1/cases/20261120-000001?q=13812345678")
    said = capsys.readouterr().out
    assert "/api/v1/cases/<number>" in said
    assert "000001" not in said
    assert json.dumps("13812345678") not in said
