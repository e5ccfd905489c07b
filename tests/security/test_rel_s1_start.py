"""What the service refuses to run on; beside each refusal the case that starts."""

import logging
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result
from flask import Flask
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import DefaultSerializer, JSONSerializer
from sqlalchemy import NullPool, create_engine, make_url, text

from minsheng.faces.app import from_environment
from minsheng.faces.cli import main
from minsheng.faces.process import MASTER_KEY, Process, build, make_bell
from minsheng.faces.start import (
    KNOWN_KEYS,
    Refusal,
    StartRefused,
    check_app,
    check_start,
    check_worker,
    is_weak,
    refusals,
)
from minsheng.runtime.settings import Settings

KEY = bytes(range(7, 247, 8)) + b"\x03\x9d"
"""No random key either, but nothing that anybody would guess."""


def told(found: list[Refusal]) -> str:
    return "\n".join(map(str, found))


@pytest.fixture
def logs_put_back() -> Iterator[None]:
    """For tests that begin a process of the service, which sends its logs elsewhere."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:], sys.excepthook, threading.excepthook)
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    sys.excepthook, threading.excepthook = before[2], before[3]


@pytest.fixture
def process_on(settings: Settings) -> Iterator[Callable[..., Process]]:
    """``process_on(NAME=value)``: the parts of a service with other settings."""
    made = []

    def make(**changed: str) -> Process:
        values = dict(settings.values) | {f"MINSHENG_{k}": v for k, v in changed.items()}
        made.append(build(Settings(values)))
        return made[-1]

    yield make
    for process in made:
        process.close()


def test_rel_s1_a_sound_process_starts(process_on: Any) -> None:
    process = process_on()
    assert refusals(process, {}) == []
    check_start(process)
    with process.tools.database.public_session() as session:
        assert session.scalar(text("select 1")) == 1


@pytest.mark.parametrize("switch", ["FLASK_DEBUG", "AUTHLIB_INSECURE_TRANSPORT"])
def test_rel_s1_a_debug_switch_is_refused(process_on: Any, switch: str) -> None:
    process = process_on()
    for on in ("1", "true", "True", "yes"):
        (refused,) = refusals(process, {switch: on})
        assert refused.what == switch
        assert refused.said.endswith("unset it")
    for off in ("", "0", "false", "no"):
        assert refusals(process, {switch: off}) == []
    assert refusals(process, {"MINSHENG_LOG_LEVEL": "debug"}) == []


@pytest.mark.parametrize("mode", ["debug", "testing"])
def test_rel_s1_an_application_that_shows_its_inner_parts_is_refused(mode: str) -> None:
    app = Flask("one")
    check_app(app)
    setattr(app, mode, True)
    with pytest.raises(StartRefused, match="debug or testing mode: unset"):
        check_app(app)


@pytest.mark.parametrize(
    "key",
    [
        b"k" * 32, bytes(32), b"\xff" * 32, b"ab" * 16, bytes(range(32)), bytes(range(224, 256)),
        bytes(range(31, -1, -1)), b"correct horse battery staple 123", b"0123456789abcdef" * 2,
        b"changeme-changeme-changeme-12345", *KNOWN_KEYS,
    ],
    ids=lambda key: key.hex()[:16],
)  # fmt: skip
def test_rel_s1_a_key_that_can_be_guessed_is_refused(
    process_on: Any, tmp_path: Path, key: bytes
) -> None:
    keep(tmp_path, key)
    (refused,) = refusals(process_on(HOME=str(tmp_path)), {})
    assert refused.what == "master key"
    assert "not 32 random bytes" in refused.said
    assert key.hex() not in refused.said
    keep(tmp_path, KEY)
    assert refusals(process_on(HOME=str(tmp_path)), {}) == []


def keep(home: Path, key: bytes) -> Path:
    path = home / MASTER_KEY
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(key)
    path.chmod(0o600)
    return path


def test_rel_s1_random_keys_are_never_called_weak() -> None:
    assert not any(is_weak(os.urandom(32)) for _ in range(20_000))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o666])
def test_rel_s1_a_key_that_others_can_read_is_refused(
    process_on: Any, tmp_path: Path, mode: int
) -> None:
    path = keep(tmp_path, KEY)
    path.chmod(mode)
    (refused,) = refusals(process_on(HOME=str(tmp_path)), {})
    assert f"chmod 600 {path}" in refused.said
    for fine in (0o600, 0o400):
        path.chmod(fine)
        assert refusals(process_on(HOME=str(tmp_path)), {}) == []


def test_rel_s1_a_key_in_a_folder_that_others_write_to_is_refused(
    process_on: Any, tmp_path: Path
) -> None:
    path = keep(tmp_path, KEY)
    for mode in (0o770, 0o777, 0o702):
        path.parent.chmod(mode)
        (refused,) = refusals(process_on(HOME=str(tmp_path)), {})
        assert f"chmod 700 {path.parent}" in refused.said
    path.parent.chmod(0o755)
    assert refusals(process_on(HOME=str(tmp_path)), {}) == []


def test_rel_s1_a_key_that_the_service_makes_itself_is_one_it_starts_on(
    process_on: Any, tmp_path: Path
) -> None:
    process = process_on(HOME=str(tmp_path))
    assert stat.S_IMODE((tmp_path / MASTER_KEY).stat().st_mode) == 0o600
    assert refusals(process, {}) == []


STRONG = {
    "superuser": ("alter role {role} superuser", "is a superuser"),
    "bypass": ("alter role {role} bypassrls", "has BYPASSRLS"),
    "copies": ("alter role {role} replication", "REPLICATION"),
    "grants": ("alter role {role} createrole", "CREATEROLE"),
    "owns": ("alter table work owner to {role}", "owns tables"),
    "becomes": (
        "create role {role}_owner nologin; alter table work owner to {role}_owner;"
        " grant {role}_owner to {role}",
        "can become the owner of tables",
    ),
    "search": ("grant minsheng_search to {role}", "can become a role above row security"),
    "makes": ("grant create on schema public to {role}", "may make objects in the schema public"),
}


@pytest.fixture
def login(new_database: Any, servers: Any) -> Iterator[Callable[[str], Any]]:
    """``login(statements)``: a database of its own and a login like the service's, changed."""
    role = "odd_login"
    logins = new_database()
    engine = create_engine(logins.owner, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def run(statements: str) -> None:
        with engine.connect() as connection:
            for statement in filter(None, statements.split(";")):
                connection.execute(text(statement.format(role=role)))

    def make(statements: str) -> Any:
        run("create role {role} login password 'geheim'; grant minsheng_app to {role};")
        run(statements)
        return replace(logins, app=as_role(logins.app, role))

    yield make
    for name in (f"{role}_owner", role):
        with engine.connect() as connection:
            if connection.scalar(
                text("select 1 from pg_roles where rolname = :name"), {"name": name}
            ):
                connection.execute(text(f"reassign owned by {name} to current_user"))
                connection.execute(text(f"drop owned by {name}"))
                connection.execute(text(f"drop role {name}"))
    engine.dispose()


def as_role(url: str, role: str) -> str:
    return make_url(url).set(username=role, password="geheim").render_as_string(False)


@pytest.mark.parametrize("strength", STRONG)
def test_rel_s1_a_login_above_row_security_is_refused(
    login: Any, process_on: Any, strength: str
) -> None:
    statements, words = STRONG[strength]
    strong = process_on(DATABASE_URL=login(statements).app)
    said = told(refusals(strong, {}))
    assert said.startswith("MINSHENG_DATABASE_URL: the login ")
    assert words in said
    assert "give MINSHENG_DATABASE_URL the login minsheng_app" in said
    assert "geheim" not in said
    with pytest.raises(StartRefused):
        check_start(strong)


def test_rel_s1_a_login_like_the_services_own_starts(login: Any, process_on: Any) -> None:
    assert refusals(process_on(DATABASE_URL=login("").app), {}) == []


def test_rel_s1_the_workers_login_is_looked_at_too(process_on: Any, logins: Any) -> None:
    said = told(refusals(process_on(DATABASE_WORKER_URL=logins.owner), {}))
    assert said.startswith("MINSHENG_DATABASE_WORKER_URL: the login is a superuser")
    assert "give MINSHENG_DATABASE_WORKER_URL the login minsheng_worker" in said
    assert refusals(process_on(DATABASE_WORKER_URL=""), {}) == []


def test_rel_s1_a_login_that_grows_strong_is_refused_at_its_next_connection(
    login: Any, process_on: Any, logins: Any
) -> None:
    changed = login("")
    process = process_on(DATABASE_URL=changed.app)
    check_start(process)
    database = process.tools.database
    with database.public_session() as session:
        assert session.scalar(text("select session_user")) == "odd_login"
    engine = create_engine(logins.owner, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("alter role odd_login bypassrls"))
    database.dispose()
    with pytest.raises(StartRefused, match="has BYPASSRLS"), database.public_session() as session:
        session.scalar(text("select 1"))
    with engine.begin() as connection:
        connection.execute(text("alter role odd_login nobypassrls"))
    with database.public_session() as session:
        assert session.scalar(text("select 1")) == 1
    engine.dispose()


def test_rel_s1_a_database_that_is_away_stops_nobody_and_is_looked_at_later(
    process_on: Any, logins: Any
) -> None:
    away = make_url(logins.owner).set(port=1).render_as_string(False)
    process = process_on(DATABASE_URL=away, DATABASE_WORKER_URL=away)
    assert refusals(process, {}) == []


@pytest.mark.parametrize(
    "url",
    [
        "redis://10.1.2.3:6379/0", "redis://valkey:6379/0", "rediss://valkey.example/0",
        "redis://:@10.1.2.3/0", "redis://[2001:db8::1]:6379", "redis://user@10.1.2.3/0",
    ],
)  # fmt: skip
def test_rel_s1_a_bell_without_a_password_elsewhere_is_refused(process_on: Any, url: str) -> None:
    (refused,) = refusals(process_on(REDIS_URL=url), {})
    assert refused.what == "MINSHENG_REDIS_URL"
    assert "set requirepass there" in refused.said


@pytest.mark.parametrize(
    "url",
    [
        "redis://:geheim@10.1.2.3:6379/0", "rediss://bell:geheim@valkey.example/0",
        "redis://valkey/0?password=geheim", "redis://127.0.0.1:1/0", "redis://[::1]:1/0",
        "redis://localhost:1/0", "unix:///run/valkey.sock",
    ],
)  # fmt: skip
def test_rel_s1_a_bell_with_a_password_or_on_this_machine_starts(process_on: Any, url: str) -> None:
    assert refusals(process_on(REDIS_URL=url), {}) == []


def test_rel_s1_a_bell_that_pickles_is_refused(
    process_on: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = process_on()
    pickles = Queue("one", connection=process.bell.redis, serializer=DefaultSerializer)
    assert refusals(process, {}) == []
    monkeypatch.setattr(process.bell, "queue", lambda _name: pickles)
    assert "(pickle): use rq.serializers.JSONSerializer" in told(refusals(process, {}))


def worker_on(redis: Redis, queues: int, worker: Any, queue: Any) -> SimpleWorker:
    made = [Queue(f"q{n}", connection=redis, serializer=queue) for n in range(queues)]
    return SimpleWorker(made, connection=redis, serializer=worker)


@pytest.mark.parametrize(
    ("queues", "worker", "queue", "words"),
    [
        (2, JSONSerializer, JSONSerializer, "listens on 2 queues"),
        (3, JSONSerializer, JSONSerializer, "listens on 3 queues"),
        (1, DefaultSerializer, JSONSerializer, "pickle"),
        (1, JSONSerializer, DefaultSerializer, "pickle"),
        (1, JSONSerializer, JSONSerializer, ""),
    ],
)
def test_rel_s1_a_worker_has_one_queue_and_reads_json(
    servers: Any, queues: int, worker: Any, queue: Any, words: str
) -> None:
    with Redis.from_url(servers.redis_url) as redis:
        made = worker_on(redis, queues, worker, queue)
        if not words:
            check_worker(made)
            return
        with pytest.raises(StartRefused, match=words):
            check_worker(made)


def minsheng(settings: Settings, *args: str, **changed: str) -> Result:
    values = {name: value for name, value in settings.values.items() if value}
    return CliRunner().invoke(main, args, env=values | changed)


@pytest.mark.usefixtures("logs_put_back")
@pytest.mark.parametrize("command", ["serve", "worker"])
def test_rel_s1_the_command_line_refuses_in_one_line_a_reason(
    settings: Settings, command: str
) -> None:
    changed = {
        "FLASK_DEBUG": "1",
        "MINSHENG_DATABASE_URL": settings.text("MINSHENG_DATABASE_OWNER_URL"),
        "MINSHENG_PORT": "18999",
    }
    done = minsheng(settings, command, **changed)
    assert done.exit_code == 1
    lines = done.stderr.rstrip("\n").split("\n")
    assert lines[0].startswith("Error: FLASK_DEBUG: ")
    assert lines[1].startswith("MINSHENG_DATABASE_URL: the login is a superuser")
    assert len(lines) == 2


def test_rel_s1_doctor_says_the_same_and_says_when_there_is_nothing(settings: Settings) -> None:
    fine = minsheng(settings, "doctor")
    assert "ok    start: nothing that the service refuses" in fine.stdout
    odd = minsheng(settings, "doctor", FLASK_DEBUG="1")
    assert odd.exit_code == 1
    assert "FAIL  start: FLASK_DEBUG: shows code and variables" in odd.stdout


@pytest.mark.usefixtures("logs_put_back")
def test_rel_s1_the_web_server_processes_refuse_by_themselves(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.values.items():
        if value:
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("FLASK_DEBUG", "1")
    with pytest.raises(StartRefused, match="FLASK_DEBUG"):
        from_environment()


def test_rel_s1_a_job_process_refuses_by_itself(settings: Settings) -> None:
    given = {name: value for name, value in settings.values.items() if value}
    given["MINSHENG_DATABASE_URL"] = settings.text("MINSHENG_DATABASE_OWNER_URL")
    program = "from minsheng.faces.jobs import answer; answer(1, 'parse')"
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **given}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "StartRefused: MINSHENG_DATABASE_URL: the login is a superuser" in done.stderr


def test_rel_s1_the_bell_of_every_queue_is_looked_at(settings: Settings) -> None:
    bell = make_bell(settings)
    assert {bell.queue(name).serializer for name in ("a", "b")} == {JSONSerializer}
    bell.redis.close()
