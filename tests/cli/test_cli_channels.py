"""``minsheng channels`` and ``pull``: adding sources, trying them, pulling and pausing."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.faces.process import Process, make_runner
from minsheng.intake.host import PluginRegistry
from minsheng.runtime.database import Database
from minsheng_sdk import Loopback
from minsheng_tenants import find_body

HOTLINE = {"code": "hotline", "plugin": "hotline_12345", "name": "热线"}


@pytest.fixture
def source() -> Iterator[Loopback]:
    """The hotline's own server on loopback."""
    server = PluginRegistry.load().get("hotline_12345").loopback()
    server.start(0)
    yield server
    server.stop()


def add(county: str, *more: str, **changed: str) -> list[str]:
    said = HOTLINE | changed
    options = [part for name, value in said.items() for part in (f"--{name}", value)]
    return ["channels", "add", "--office", county, *options, *more]


def settings_of(source: Loopback, **changed: object) -> list[str]:
    pairs = dict(source.settings) | changed
    return [part for name, value in pairs.items() for part in ("--set", f"{name}={value}")]


def pulls_due(database: Database, county: str) -> int:
    with database.owner_session() as session:
        count = text("select count(*) from work where tenant_id = :id and kind = 'pull'")
        return int(session.scalar(count, {"id": find_body(session, county).id}))


def test_a_pushed_channel_is_added_without_settings_and_never_pulled(
    shell: Any, county: str, database: Database
) -> None:
    made = shell.json(*add(county, "--pushed", code="api"))
    assert made == HOTLINE | {"code": "api", "state": "pushed"}
    assert shell.json("channels", "list", "--office", county) == [made | {"last_run": "none"}]
    assert pulls_due(database, county) == 0
    assert "exists already" in shell.refused(*add(county, "--pushed", code="api"))
    office = ("--office", county)
    assert "only an active channel" in shell.refused("channels", "pull", "api", *office)
    assert "nothing to pull" in shell.refused("channels", "pause", "api", *office)
    assert shell.json("pull", *office) == []


@pytest.mark.parametrize(
    ("more", "changed", "words"),
    [
        ([], {}, "is required and missing"),
        (["--set", "colour=red"], {}, "colour: unknown setting"),
        ([], {"plugin": "fax"}, "fax"),
        (["--pushed"], {"code": "UPPER"}, "small letters"),
        (["--pushed"], {"name": " "}, "1 to 100 printable"),
    ],
)
def test_a_channel_that_cannot_work_is_refused_in_one_line_and_not_added(
    shell: Any, county: str, more: list[str], changed: dict[str, str], words: str
) -> None:
    said = shell.refused(*add(county, *more, **changed))
    assert words in said
    assert "\n" not in said
    assert shell.json("channels", "list", "--office", county) == []


@pytest.mark.parametrize(
    ("pair", "words"),
    [("colour", "'colour' is no NAME=VALUE"), ('fields={"a": ', "mend the JSON")],
)
def test_a_setting_that_cannot_be_read_is_refused_as_it_was_written(
    shell: Any, county: str, pair: str, words: str
) -> None:
    done = shell(*add(county, "--set", pair))
    assert done.exit_code == 2
    assert words in done.stderr


def test_an_office_that_is_not_there_is_named_with_a_way_out(shell: Any) -> None:
    said = shell.refused("channels", "list", "--office", "000001")
    assert said == "no active office has the code '000001': see `minsheng tenants list`"


def test_a_channel_is_checked_against_its_live_source(
    shell: Any, county: str, source: Loopback
) -> None:
    made = shell.json(*add(county, *settings_of(source)))
    assert made["state"] == "active"
    report = shell.json("channels", "check", "hotline", "--office", county)
    assert report["ok"] is True
    assert report["lines"]


def test_wrong_credentials_end_the_check_with_the_words_and_code_one(
    shell: Any, county: str, source: Loopback
) -> None:
    secret = next(
        field.name
        for field in PluginRegistry.load().get("hotline_12345").schema()
        if field.type == "secret"
    )
    shell.json(*add(county, *settings_of(source, **{secret: "wrong"})))
    done = shell("channels", "check", "hotline", "--office", county)
    assert done.exit_code == 1
    assert "refused" in done.output
    assert "Traceback" not in done.output


def test_a_source_that_is_away_ends_the_check_with_code_one(
    shell: Any, county: str, source: Loopback
) -> None:
    shell.json(*add(county, *settings_of(source)))
    source.stop()
    done = shell("channels", "check", "hotline", "--office", county)
    assert done.exit_code == 1
    assert done.output.strip()
    assert "no channel 'mail'" in shell.refused("channels", "check", "mail", "--office", county)


def test_a_pull_is_asked_for_and_a_paused_channel_is_left_alone(
    shell: Any, county: str, source: Loopback, database: Database
) -> None:
    made = shell.json(*add(county, *settings_of(source)))
    office = ("--office", county)
    assert shell.json("channels", "pull", "hotline", *office) == made
    assert shell.json("pull", *office) == [made]
    paused = shell.json("channels", "pause", "hotline", *office)
    assert paused == made | {"state": "paused"}
    assert pulls_due(database, county) == 0
    assert "only an active channel" in shell.refused("channels", "pull", "hotline", *office)
    assert shell.json("pull", *office) == []
    assert shell.json("channels", "pause", "hotline", "--resume", *office) == made
    assert pulls_due(database, county) == 1


def test_the_list_tells_how_the_last_run_ended(
    shell: Any, county: str, source: Loopback, today: Process
) -> None:
    shell.json(*add(county, *settings_of(source)))
    office = ("--office", county)
    assert [row["last_run"] for row in shell.json("channels", "list", *office)] == ["none"]
    with today.tools.database.owner_session() as session:
        tenant_id = find_body(session, county).id
    make_runner(today).answer(tenant_id, "pull")
    assert [row["last_run"] for row in shell.json("channels", "list", *office)] == ["ok"]
    listed = shell("channels", "list", *office).stdout
    assert listed == "hotline\thotline_12345\t热线\tactive\tok\n"
