"""``minsheng doctor`` and ``db``: well is told well, ill is told ill, with what to do."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text

from minsheng.runtime.migrate import downgrade, head, revisions
from minsheng.runtime.settings import Settings

Shell = Callable[..., Any]


def looked(done: Any) -> dict[str, str]:
    """What doctor said: ``ok`` or ``FAIL`` by what was looked at."""
    lines = [line.partition(": ")[0].split(maxsplit=1) for line in done.stdout.splitlines()]
    return {what: verdict for verdict, what in lines}


def failed(done: Any) -> set[str]:
    """What is ill; of the cases, which other tests leave as they like, elsewhere."""
    ill = {what for what, verdict in looked(done).items() if verdict == "FAIL"}
    return ill - {"cases"}


def test_a_sound_installation_is_told_so(
    new_database: Callable[[], Any], settings_on: Callable[..., Settings], shell_on: Shell
) -> None:
    shell = shell_on(settings_on(new_database()))
    done = shell("doctor")
    assert done.exit_code == 0, done.output
    assert failed(done) == set()
    assert {"database", "start", "worker login", "bell", "disk", "containment", "cases"} < set(
        looked(done)
    )
    assert "plugin mailbox" in looked(done)
    assert all(row["ok"] and row["said"] for row in shell.json("doctor"))


def test_a_login_that_may_do_everything_fails(shell: Any, settings: Settings) -> None:
    strong = settings.text("MINSHENG_DATABASE_OWNER_URL")
    done = shell("doctor", MINSHENG_DATABASE_URL=strong)
    assert done.exit_code == 1
    assert failed(done) == {"start"}
    assert "give MINSHENG_DATABASE_URL the login minsheng_app" in done.stdout


@pytest.mark.parametrize(
    ("changed", "ill", "words"),
    [
        ({"MINSHENG_REDIS_URL": "redis://127.0.0.1:1"}, {"bell"}, "Redis cannot be reached"),
        ({"MINSHENG_DATABASE_WORKER_URL": ""}, {"worker login"}, "MINSHENG_DATABASE_WORKER_URL"),
        (
            {"MINSHENG_DATABASE_WORKER_URL": "postgresql+psycopg://x:y@127.0.0.1:1/x"},
            {"worker login"},
            "check MINSHENG_DATABASE_WORKER_URL",
        ),
        (
            {"MINSHENG_DATABASE_URL": "postgresql+psycopg://x:y@127.0.0.1:1/x"},
            {"database"},
            "start it, or check the URL",
        ),
    ],
)
def test_what_is_away_fails_by_name_with_what_to_do(
    shell: Any, changed: dict[str, str], ill: set[str], words: str
) -> None:
    done = shell("doctor", **changed)
    assert done.exit_code == 1
    assert failed(done) == ill
    assert words in done.stdout


def test_a_database_of_an_older_revision_fails_until_it_is_upgraded(
    new_database: Callable[[], Any], settings_on: Callable[..., Settings], shell_on: Shell
) -> None:
    logins = new_database()
    shell = shell_on(settings_on(logins))
    older = revisions()[-2]
    downgrade(logins.owner, older)
    done = shell("doctor")
    assert done.exit_code == 1
    assert failed(done) == {"database"}
    assert f"is at {older}: run `minsheng db upgrade`" in done.stdout
    rows = {row["what"]: row["ok"] for row in json.loads(shell("doctor", "--json").stdout)}
    assert rows["database"] is False
    assert shell("db", "upgrade").stdout == "the database is up to date\n"
    done = shell("doctor")
    assert done.exit_code == 0, done.output
    assert f"migrated to {head()}" in done.stdout


def test_an_empty_database_is_told_in_one_line_with_the_command_to_run(
    new_database: Callable[[], Any], settings_on: Callable[..., Settings], shell_on: Shell
) -> None:
    logins = new_database()
    downgrade(logins.owner, "base")
    shell = shell_on(settings_on(logins))
    wanted = "the database is of another version: run `minsheng db upgrade`"
    assert shell.refused("tenants", "list") == wanted
    assert shell.refused("channels", "list", "--office", "130129") == wanted
    done = shell("doctor")

    assert failed(done) == {"database"}


def test_a_database_of_a_newer_version_is_not_touched(
    new_database: Callable[[], Any], settings_on: Callable[..., Settings], shell_on: Shell,
) -> None:  # fmt: skip
    logins = new_database()
    engine = create_engine(logins.owner, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    shell = shell_on(settings_on(logins))
    assert "made by a newer version" in shell.refused("db", "upgrade")
    assert failed(shell("doctor")) == {"database"}
