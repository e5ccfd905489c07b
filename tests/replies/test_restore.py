"""Backup and restore: a database comes back whole, and sends nothing until a person says so."""

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import NullPool, create_engine, text

from minsheng.audit import Actor, make_tools
from minsheng.cases.service import Wish
from minsheng.faces.cli import main
from minsheng.faces.process import MASTER_KEY
from minsheng.replies.service import release_holds
from minsheng.runtime.backup.archive import Stand, write_backup
from minsheng.runtime.crypto import MasterKey
from minsheng.runtime.database import Database
from minsheng.runtime.embedded import admin_url, app_url, start_servers, worker_url
from minsheng.runtime.settings import Settings
from minsheng_tenants import NewBody, create_body

SURE = Wish(Actor("user", "zhao.liu"), "已逐一向来信人核实")
TABLES = text("select tablename from pg_tables where schemaname = 'public' order by 1")


def call(settings: Settings, *args: str, **more: str) -> Result:
    given = {name: value for name, value in settings.values.items() if value}
    return CliRunner().invoke(main, args, env=given | more)


def told(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def own(
    new_database: Callable[[], Any], settings_on: Any, master: MasterKey, clock: Any
) -> Iterator[Any]:
    """An installation on a database of its own: its settings, tools, and one office."""

    class Own:
        settings = settings_on(logins := new_database())
        database = Database(logins.app, logins.worker, logins.owner)
        tools = make_tools(database, master, clock)

    with Own.database.owner_session() as session:
        create_body(session, NewBody("000000", "国务院", "central", ""))
    yield Own
    Own.database.dispose()


@pytest.fixture
def backup(own: Any, tmp_path: Path) -> Path:
    file = tmp_path / "minsheng.backup"
    own.database.dispose()
    assert told(call(own.settings, "db", "backup", str(file), "--json"))["offices"] == 1
    return file


@contextmanager
def fresh_home() -> Iterator[Path]:
    """A home that nobody has used, where the servers' OS user may pass."""
    base = Path("/var/lib/minsheng-tests") if os.geteuid() == 0 else Path(tempfile.gettempdir())
    base.mkdir(mode=0o755, parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="restored-", dir=base))
    home.chmod(0o755)
    yield home
    shutil.rmtree(home, ignore_errors=True)


def shape(settings: Settings) -> list[Any]:
    """How many rows every table has, and at which schema the database stands."""
    engine = create_engine(settings.text("MINSHENG_DATABASE_OWNER_URL"), poolclass=NullPool)
    with engine.connect() as connection:
        counts = " union all ".join(
            f"select '{name}', count(*) from {name}" for name in connection.scalars(TABLES)
        )
        schema = connection.scalar(text("select version_num from alembic_version"))
        return [schema, *(tuple(row) for row in connection.execute(text(counts)))]


def test_a_restored_database_sends_nothing_until_released_and_then_each_reply_once(
    own: Any,
    bureau: Any,
    source: Callable[[str], Any],
    sample: Callable[..., Any],
    master: MasterKey,
    tmp_path: Path,
) -> None:
    with own.database.owner_session() as session:
        office = create_body(session, NewBody("130129", "赞皇县", "ministry", "000000")).id
    bureau.tools, bureau.tenant_id = own.tools, office
    hotline, slow = (bureau.open("hotline_12345", source("hotline_12345")) for _ in range(2))
    mailbox = bureau.open("mailbox", source("mailbox"))
    for number, code in enumerate((hotline, hotline, slow, mailbox), 1):
        bureau.put(code, [sample(number)])
    first, *others = (bureau.case_of(f"S000{number}") for number in range(1, 5))
    bureau.answer(first)
    bureau.deliver()
    bureau.sources[slow].stop()
    for number in others:
        bureau.answer(number)
    file = tmp_path / "minsheng.backup"
    told(call(own.settings, "db", "backup", str(file), "--json"))
    bureau.deliver()
    assert [len(bureau.arrived(code)) for code in (hotline, mailbox)] == [2, 1]
    bureau.revive(slow)
    with fresh_home() as home:
        key = home / MASTER_KEY
        key.parent.mkdir(mode=0o700)
        shutil.copy(own.settings.home / MASTER_KEY, key)
        given = Settings.from_environ({"MINSHENG_HOME": str(home)})
        assert told(call(given, "db", "restore", str(file), "--json"))["held"] == 2
        with start_servers(home, lambda _line: None, fast=True):
            owner = admin_url(home, "minsheng")
            database = Database(app_url(home), worker_url(home), owner)
            bureau.tools = make_tools(database, master, bureau.clock)
            _released(bureau, first, others)
            assert [len(bureau.arrived(code)) for code in (hotline, slow, mailbox)] == [2, 1, 1]
            database.dispose()


def _released(bureau: Any, first: str, others: list[str]) -> None:
    """What the restored office does: nothing, and after the release each reply once."""
    bureau.clock.move(timedelta(days=3))
    before = [len(bureau.arrived(code)) for code in bureau.sources]
    bureau.walk()
    bureau.deliver()
    bureau.clock.move(timedelta(hours=2))
    bureau.deliver()
    assert [len(bureau.arrived(code)) for code in bureau.sources] == before
    assert bureau.audited("delivery.hold") == 1
    assert bureau.count("login_sessions") == 0
    assert [bureau.deliveries(number)[0].held for number in (first, *others)] == [
        False, True, True, True,
    ]  # fmt: skip
    with bureau.session() as session:
        assert release_holds(session, bureau.tools, SURE) == 3
    for _ in range(3):
        bureau.deliver()
        bureau.clock.move(timedelta(minutes=30))
    states = [bureau.deliveries(number)[0].state for number in (first, *others)]
    assert states == ["sent", "sent", "sent", "uncertain"]
    assert bureau.audited("delivery.release") == 1


def test_a_database_with_offices_is_replaced_by_the_words_that_say_how_many(
    own: Any, backup: Path
) -> None:
    with own.database.owner_session() as session:
        create_body(session, NewBody("130000", "河北省", "province", "000000"))
    own.database.dispose()
    before = shape(own.settings)
    for words in ("", "overwrite 1 offices", "yes"):
        refused = call(own.settings, "db", "restore", str(backup), "--force", words)
        assert refused.exit_code == 1
        assert "2 offices, which would be lost" in refused.stderr
        assert '--force "overwrite 2 offices"' in refused.stderr
        assert shape(own.settings) == before
    with own.database.session(1) as session:
        session.execute(text("select 1"))
        busy = call(own.settings, "db", "restore", str(backup), "--force", "overwrite 2 offices")
    assert "connections are open" in busy.stderr
    own.database.dispose()
    assert shape(own.settings) == before
    done = call(own.settings, "db", "restore", str(backup), "--force", "overwrite 2 offices")
    assert done.exit_code == 0, done.output
    with own.database.owner_session() as session:
        assert session.scalar(text("select count(*) from tenants")) == 1
        assert session.scalar(text("select count(*) from pg_database where datname like"
                                   " '%\\_restored\\_%'")) == 0  # fmt: skip


def test_a_file_that_is_cut_off_changed_or_anothers_is_refused_and_changes_nothing(
    own: Any, backup: Path, tmp_path: Path
) -> None:
    whole, before = backup.read_bytes(), shape(own.settings)
    with zipfile.ZipFile(backup) as archive:
        about = json.loads(archive.read("about.json"))
        dump = archive.read("database.dump")
    (strange := tmp_path / "strange").mkdir()
    (strange / "keys").mkdir()
    (strange / MASTER_KEY).write_bytes(bytes(range(7, 39)))
    (strange / MASTER_KEY).chmod(0o600)
    middle = len(whole) // 2
    wrong: list[tuple[bytes, str, dict[str, str]]] = [
        (whole[:-1], "cut off", {}),
        (whole[:middle], "cut off", {}),
        (b"", "cut off", {}),
        (b"-- PostgreSQL database dump", "no backup", {}),
        (whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], "was changed", {}),
        (zipped(about | {"offices": 7}, dump), "about.json was changed", {}),
        (zipped({"format": 1}, dump), "no backup", {}),
        (zipped(about | {"format": 9}, dump), "of format 9", {}),
        (whole, "another master key", {"MINSHENG_HOME": str(strange)}),
    ]
    file = tmp_path / "wrong.backup"
    for content, words, more in wrong:
        file.write_bytes(content)
        refused = call(own.settings, "db", "restore", str(file), **more)
        assert refused.exit_code == 1, words
        assert words in refused.stderr
        assert refused.stderr.count("\n") == 1
        assert shape(own.settings) == before, words
    assert "there is no file" in call(own.settings, "db", "restore", str(tmp_path / "x")).stderr


def zipped(about: dict[str, Any], dump: bytes) -> bytes:
    """A file in the form of a backup."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("database.dump", dump)
            archive.writestr("about.json", json.dumps(about))
        file.seek(0)
        return file.read()


def test_another_schema_is_refused_on_both_roads(
    own: Any, tmp_path: Path, master: MasterKey
) -> None:
    file, before = tmp_path / "old.backup", shape(own.settings)
    with own.database.owner_session() as session:
        head = session.scalar(text("select version_num from alembic_version"))
        session.execute(text("update alembic_version set version_num = '0021'"))
    refused = call(own.settings, "db", "backup", str(file))
    assert (refused.exit_code, file.exists()) == (1, False)
    assert "run `minsheng db upgrade`" in refused.stderr
    with own.database.owner_session() as session:
        session.execute(text("update alembic_version set version_num = :v"), {"v": head})
    told(call(own.settings, "db", "backup", str(file), "--json"))
    older = tmp_path / "older.backup"
    resealed(file, older, master, "0021")
    own.database.dispose()
    refused = call(own.settings, "db", "restore", str(older))
    assert refused.exit_code == 1
    assert f"of schema 0021, this version has {head}" in refused.stderr
    assert shape(own.settings) == before
    again = call(own.settings, "db", "backup", str(file))
    assert "is not overwritten" in again.stderr


def resealed(file: Path, target: Path, master: MasterKey, schema: str) -> None:
    """The same backup as an older version of the service would have made it."""
    with zipfile.ZipFile(file) as known:
        about = json.loads(known.read("about.json"))
        dump = known.read("database.dump")
    stand = Stand(schema, about["made_at"], about["offices"], tuple(about["roles"]))
    write_backup(target, stand, master, lambda take: take(dump) and None)
