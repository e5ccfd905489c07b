"""``db``: the shape of the database, its backup and its restore (decision 34)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import text

from minsheng.audit import Tools, make_tools
from minsheng.faces.cli.shared import as_json, clear_errors, show
from minsheng.faces.process import MASTER_KEY, settled
from minsheng.replies.service import hold_all
from minsheng.runtime.backup import About, back_up, restore
from minsheng.runtime.clock import SystemClock
from minsheng.runtime.crypto import MasterKey
from minsheng.runtime.database import Database
from minsheng.runtime.embedded import HomeTaken, load_passwords, start_servers
from minsheng.runtime.migrate import prepare_logins, upgrade
from minsheng.runtime.settings import Settings

_FILE = click.Path(dir_okay=False, path_type=Path)
_OWNER = "MINSHENG_DATABASE_OWNER_URL"
_LOGINS_END = text("delete from login_sessions")


@click.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
@clear_errors
def db_upgrade() -> None:
    """Bring the database to the shape this version needs."""
    upgrade(settled(Settings.from_environ()).text(_OWNER))
    click.echo("the database is up to date")


@db.command("backup")
@click.argument("file", type=_FILE)
@as_json
@clear_errors
def db_backup(file: Path, as_json: bool) -> None:
    """Write the whole database into FILE, while the service runs or stands.

    The master key (keys/master.key in the home) is not in it: keep a copy of that elsewhere.
    """
    settings = Settings.from_environ()
    with _served(settings, running=True):
        given = settled(settings)
        master = MasterKey.load(given.home / MASTER_KEY)
        about = back_up(given.text(_OWNER), file, master, SystemClock())
    show(_told(about), as_json=as_json)


@db.command("restore")
@click.argument("file", type=_FILE)
@click.option("--force", default="", metavar="WORDS", help="What would be lost, in these words.")
@as_json
@clear_errors
def db_restore(file: Path, force: str, as_json: bool) -> None:
    """Put the database of FILE in the place of this one; everybody is logged out.

    Every office's deliveries are on hold afterwards, until a person there releases them.
    """
    settings = Settings.from_environ()
    master = MasterKey.load(settings.home / MASTER_KEY)
    with _served(settings, running=False):
        owner_url = settled(settings).text(_OWNER)
        about = restore(owner_url, file, master, force, lambda url: _quiet(url, master))
    show(_told(about) | {"held": about.offices}, as_json=as_json)
    if not as_json:
        click.echo("nothing goes out until each office releases it: page 发送, or `minsheng")
        click.echo("deliveries release --office CODE --reason …`")


@db.command("hold")
@click.option("--reason", required=True, help="Why nothing may go out.")
@as_json
@clear_errors
def db_hold(reason: str, as_json: bool) -> None:
    """Put every office on hold, as after a restore by the database server's own tools."""
    given = settled(Settings.from_environ())
    master = MasterKey.load(given.home / MASTER_KEY)
    with _owning(given.text(_OWNER), master) as tools, tools.database.owner_session() as session:
        held = hold_all(session, tools, reason)
    show({"held": held}, as_json=as_json)


def _quiet(owner_url: str, master: MasterKey) -> None:
    """Nothing goes out of a restored database, and no login of before holds, ended or not."""
    with _owning(owner_url, master) as tools, tools.database.owner_session() as session:
        hold_all(session, tools, "从备份恢复：先核对哪些已经发出，再放行")
        session.execute(_LOGINS_END)


@contextmanager
def _owning(owner_url: str, master: MasterKey) -> Iterator[Tools]:
    """Tools on a database by its owner's login."""
    database = Database(owner_url, "", owner_url)
    try:
        yield make_tools(database, master, SystemClock())
    finally:
        database.dispose()


@contextmanager
def _served(settings: Settings, *, running: bool) -> Iterator[None]:
    """The embedded servers of the home for as long as it takes, where no server is named.

    ``running``: those that another process has started will do. Raises CredentialsUnfit for a home
    without data then, HomeTaken otherwise when somebody uses the home.
    """
    if settings.text("MINSHENG_DATABASE_URL"):
        yield
        return
    if running:
        load_passwords(settings.home)
    try:
        servers = start_servers(settings.home, lambda _line: None)
    except HomeTaken:
        if not running:
            raise
        yield
        return
    with servers:
        prepare_logins(servers.admin_url, load_passwords(settings.home))
        yield


def _told(about: About) -> dict[str, object]:
    return {
        "offices": about.offices,
        "schema": about.schema,
        "made_at": about.made_at,
        "bytes": about.size,
    }
