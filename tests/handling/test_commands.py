"""``minsheng calendar`` and what ``minsheng doctor`` says of cases that are nobody's."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from minsheng.faces.cli import main
from minsheng.handling import service as verbs
from minsheng.runtime.settings import Settings


@pytest.fixture
def shell(settings: Settings) -> Any:
    """The command line as an operator calls it."""
    given = {name: value for name, value in settings.values.items() if value}
    return lambda *args: CliRunner().invoke(main, args, env=given)


@pytest.fixture
def alone(desk: Any) -> Iterator[None]:
    """No other office is active meanwhile: doctor names twenty orphans at the most, and the tests
    before this one leave some in theirs."""
    aside = "update tenants set status = 'aside' where id <> :mine and status = 'active'"
    with desk.tools.database.owner_session() as session:
        session.connection().execute(text(aside), {"mine": desk.tenant_id})
    yield
    back = "update tenants set status = 'active' where status = 'aside'"
    with desk.tools.database.owner_session() as session:
        session.connection().execute(text(back))


def test_feature_d11_doctor_names_an_orphan_that_was_made_by_hand(
    desk: Any, shell: Any, alone: None
) -> None:
    number = desk.case()
    assert number not in shell("doctor").stdout
    with desk.tools.database.operator_session(desk.tenant_id) as session:
        made = "update cases set handler = '' where tenant_id = :office"
        session.execute(text(made), {"office": desk.tenant_id})
    done = shell("doctor", "--json")
    assert done.exit_code == 1
    (found,) = [row for row in json.loads(done.stdout) if row["what"] == "cases"]
    assert not found["ok"]
    assert found["said"].startswith(f"{number} has no person: ")


def test_a_notice_is_published_to_every_office_and_told_again_changes_nothing(
    desk: Any, shell: Any, tmp_path: Path
) -> None:
    number = desk.case()
    file = tmp_path / "2026.json"
    told = {"year": 2026, "status": "published", "source": "加发通知", "work": {},
            "rest": {"2026-11-23": "加放一天"}}  # fmt: skip
    file.write_text(json.dumps(told), encoding="utf-8")
    done = json.loads(shell("calendar", "publish", str(file), "--json").stdout)
    assert done["offices"] >= 1
    assert done["cases"] >= 1
    # The command goes by the machine's clock, the desk by its own: let what is due there be past.
    desk.clock.move(timedelta(days=36500))
    desk.run("redate")
    assert desk.view(number).due_at.day == 30
    assert desk.kinds(number)[-1] == "redated"
    again = json.loads(shell("calendar", "publish", str(file), "--json").stdout)
    assert again["cases"] == 0
    back = json.loads(shell("calendar", "publish", "2026", "--json").stdout)
    assert back["cases"] == done["cases"]
    desk.run("redate")
    assert desk.view(number).due_at.day == 27
    assert desk.read(verbs.orphans) == []


def test_a_notice_that_cannot_be_used_is_told_in_one_line(shell: Any, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    for content, words in (
        ("[]", "must hold one year"),
        ("{", "cannot be read as JSON"),
        ('{"year": 2026}', "status must be"),
    ):
        file.write_text(content, encoding="utf-8")
        done = shell("calendar", "publish", str(file))
        assert done.exit_code == 1
        assert words in done.stderr
        assert "Traceback" not in done.output
    done = shell("calendar", "publish", "2027")
    assert done.exit_code == 1
    assert "is not shipped with this version" in done.stderr
    years = json.loads(shell("calendar", "list", "--json").stdout)
    assert [y["year"] for y in years if y["status"] == "estimated"] == [2027]
