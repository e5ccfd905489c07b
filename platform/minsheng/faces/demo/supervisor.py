"""Start everything, show how the messages arrive, watch over it, and stop it all at Ctrl-C."""

import json
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack

import click
from sqlalchemy import NullPool, create_engine, func, select, text

from minsheng.cases.models import OPEN, Case
from minsheng.cases.settling import SETTLE
from minsheng.faces.demo.afterwards import ask, look_back
from minsheng.faces.demo.errors import DemoFailed
from minsheng.faces.demo.life import live
from minsheng.faces.demo.parts import Part, log_file, running
from minsheng.faces.demo.seed import seed, tenant_id_of
from minsheng.faces.demo.sources import Source, sample_sources
from minsheng.faces.demo.state import DemoState, load_or_begin, load_state
from minsheng.faces.process import Process, build, settled
from minsheng.faces.server import check_port
from minsheng.intake.models import Message
from minsheng.intake.service import MATCH, PARSE
from minsheng.runtime.embedded import Servers, admin_url, start_servers
from minsheng.runtime.embedded.credentials import load_passwords
from minsheng.runtime.migrate import prepare_logins, upgrade
from minsheng.runtime.settings import Settings
from minsheng.runtime.work import count_left

_DATABASE = "minsheng"
_READY_SECONDS = 30.0
_ARRIVE_SECONDS = 240.0
_SHOW_OFFICE = "130129"


def show_demo(settings: Settings) -> None:
    """Print accounts and API client of this home's demo as JSON; raises DemoNotSeeded."""
    state = load_state(settings.home)
    accounts = [
        {"office": key.split("/")[0], "username": key.split("/")[1], "password": password}
        for key, password in state.passwords.items()
    ]
    said = {
        "url": _address(settings), "accounts": accounts, "client": state.client,
        "asked": state.asked,
    }  # fmt: skip
    click.echo(json.dumps(said, ensure_ascii=False))


def run_demo(settings: Settings) -> None:
    """Run until Ctrl-C; raises DemoFailed, PortTaken or an EmbeddedServerFailed."""
    check_port(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    begun = time.monotonic()
    with ExitStack() as stack:
        servers = _start_servers(stack, settings)
        process = build(settled(settings), operator=True)
        stack.callback(process.close)
        state = load_or_begin(settings.home, process.tools.clock.now())
        sources = stack.enter_context(sample_sources(process.registry, state))
        first = not state.complete
        _seed(process, state, sources)
        parts = [
            stack.enter_context(running("worker", "worker", process.settings)),
            stack.enter_context(running("web", "serve", process.settings)),
        ]
        _wait_for_web(process.settings, parts, stop)
        if first:
            state.asked = ask(process.tools, tenant_id_of(process, _SHOW_OFFICE))
            state.save(process.settings.home)
            _show_arrivals(process, sources, parts, stop)
            _say(f"{live(process.tools, tenant_id_of(process, _SHOW_OFFICE))} cases are in hand")
            look_back(process.tools, tenant_id_of(process, _SHOW_OFFICE))
        if not stop.is_set():
            _introduce(process.settings, state, time.monotonic() - begun)
            _watch(stop, servers, parts)
    click.echo("stopped")


def _start_servers(stack: ExitStack, settings: Settings) -> Servers | None:
    if settings.text("MINSHENG_DATABASE_URL") and settings.text("MINSHENG_REDIS_URL"):
        return None
    servers = stack.enter_context(start_servers(settings.home, _say))
    home = settings.home
    _make_database(servers.admin_url)
    passwords = load_passwords(home)
    prepare_logins(servers.admin_url, passwords)
    upgrade(admin_url(home, _DATABASE))
    _say("the database is migrated")
    return servers


def _make_database(url: str) -> None:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        asked = {"name": _DATABASE}
        if not connection.scalar(text("select 1 from pg_database where datname = :name"), asked):
            connection.execute(text(f"create database {_DATABASE}"))
    engine.dispose()


def _seed(process: Process, state: DemoState, sources: list[Source]) -> None:
    state.save(process.settings.home)
    seed(process, state, sources)
    state.complete = True
    state.save(process.settings.home)
    told = ", ".join(f"{source.plugin} ({source.messages})" for source in sources)
    _say(f"sample sources listen on 127.0.0.1: {told}")


def _wait_for_web(settings: Settings, parts: Sequence[Part], stop: threading.Event) -> None:
    until = time.monotonic() + _READY_SECONDS
    while not stop.is_set() and not _answers(settings):
        for part in parts:
            part.check()
        if time.monotonic() > until:
            log = log_file(settings, "web")
            message = f"the web server did not answer within {_READY_SECONDS:.0f} s: see {log}"
            raise DemoFailed(message)
        stop.wait(0.1)


def _answers(settings: Settings) -> bool:
    try:
        with urllib.request.urlopen(f"{_address(settings)}/readyz", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _show_arrivals(
    process: Process, sources: list[Source], parts: Sequence[Part], stop: threading.Event
) -> None:
    """Draw how the messages of the sources arrive and become cases, until all have."""
    written = 1  # By the portal, before the channels were read.
    expected = written + sum(source.messages for source in sources)
    offices = [tenant_id_of(process, office) for office in {each.office for each in sources}]
    until = time.monotonic() + _ARRIVE_SECONDS
    shown = 0
    with click.progressbar(length=expected, label="messages arrive") as bar:
        while (shown < expected or _busy(process)) and not stop.is_set():
            for part in parts:
                part.check()
            if time.monotonic() > until:
                break
            arrived = sum(_count(process, tenant_id)[0] for tenant_id in offices)
            bar.update(min(arrived, expected) - shown)
            shown = min(arrived, expected)
            stop.wait(0.3)
    messages, cases, joined = _count(process, tenant_id_of(process, _SHOW_OFFICE))
    _say(
        f"{messages} messages of office {_SHOW_OFFICE} stand in {cases} cases; {joined} have"
        " more than one origin"
    )
    if shown < expected or _busy(process):
        _say(f"not everything is done yet: see {log_file(process.settings, 'worker')}")


def _busy(process: Process) -> bool:
    with process.tools.database.work_session() as session:
        return count_left(session, (PARSE, MATCH, SETTLE)) > 0


def _count(process: Process, tenant_id: int) -> tuple[int, int, int]:
    with process.tools.database.session(tenant_id) as session:
        messages = session.scalar(select(func.count()).select_from(Message)) or 0
        cases = select(func.count()).select_from(Case).where(Case.state == OPEN)
        return (
            messages,
            session.scalar(cases) or 0,
            session.scalar(cases.where(Case.message_count > 1)) or 0,
        )


def _introduce(settings: Settings, state: DemoState, seconds: float) -> None:
    click.echo("")
    click.echo(f"Minsheng 民声 is ready after {seconds:.0f} s: {_address(settings)}")
    click.echo("  office   account          password")
    for key, password in state.passwords.items():
        office, _, username = key.partition("/")
        click.echo(f"  {office}   {username:<16} {password}")
    click.echo(f"  API client {state.client.get('client_id')}")
    click.echo(f"  API secret {state.client.get('client_secret')}")
    click.echo(f"  API docs   {_address(settings)}/api/v1/docs")
    click.echo("Look at: the queue; its view 已并案 (cases of several messages); 待查重 (what a")
    click.echo("person has to decide); 渠道 (runs of the three channels); 总览 (figures).")
    click.echo(f"  citizens   {_address(settings)}/p/{_SHOW_OFFICE}/")
    if state.asked:
        asked = state.asked
        click.echo(f"  query code {asked['code']}, last four digits {asked['digits']} (查办理进度)")
    logs = " and ".join(str(log_file(settings, name)) for name in ("web", "worker"))
    click.echo(f"Logs: {logs}. Ctrl-C stops it all.")


def _watch(stop: threading.Event, servers: Servers | None, parts: Sequence[Part]) -> None:
    while not stop.is_set():
        if servers is not None and servers.dead():
            for name in servers.revive():
                _say(f"{name} had died and was started again")
        for part in parts:
            part.check()
        stop.wait(1.0)


def _address(settings: Settings) -> str:
    return f"http://{settings.text('MINSHENG_HOST')}:{settings.text('MINSHENG_PORT')}"


def _say(line: str) -> None:
    click.echo(f"· {line}")
