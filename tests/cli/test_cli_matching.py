"""``minsheng matching``: history is found again, broken off or not, and versions are compared."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.runtime.database import Database
from minsheng.runtime.settings import Settings

LIFT = "槐河家园3号楼2单元的电梯停运已经{said}，老人上下楼非常不方便，物业一直不修，请督促维修。"
MANY = 12


def line(number: int, said: str, phone: str) -> str:
    message = {
        "external_id": f"m-{number}-{said}",
        "subject": "电梯停运",
        "body": LIFT.format(said=said).replace(
            "槐河家园", f"{'甲乙丙丁戊己庚辛壬癸'[number % 10]}河家园"
        ),
        "received_at": f"2026-11-{10 + number // 10:02d}T09:00:00+08:00",
        "citizen": {"phone": phone, "name": "李明"},
    }
    return json.dumps(message, ensure_ascii=False) + "\n"


@pytest.fixture
def history(shell: Any, county: str, tmp_path: Path) -> Any:
    """An office with MANY messages of as many citizens; a call imports one again in other words."""
    pushed = ("--code", "old", "--plugin", "mailbox", "--name", "旧系统", "--pushed")
    shell.json("channels", "add", "--office", county, *pushed)
    file = tmp_path / "messages.jsonl"

    def take(said: str, *more: str, many: int = MANY) -> Any:
        lines = [line(number, said, f"13800{number:06d}") for number in range(many)]
        file.write_text("".join(lines))
        return shell.json("import", "--office", county, "--channel", "old", *more, str(file))

    return take


@pytest.fixture
def ask(database: Database, county: str) -> Any:
    """``ask(statement)``: one number about the office, past row security."""

    def run(statement: str) -> int:
        with database.owner_session() as session:
            session.execute(text("set local row_security = off"))
            tenant = session.scalar(text("select id from tenants where code = :c"), {"c": county})
            return int(session.scalar(text(statement), {"tenant": tenant}) or 0)

    return run


CASES = "select count(*) from cases where tenant_id = :tenant"
PLACED = "select count(*) from case_messages where tenant_id = :tenant"
RECORDS = "select count(*) from match_codes where tenant_id = :tenant"


def forget(ask: Any) -> None:
    """What a new form of the store does: the matcher knows nothing that was stored."""
    ask(
        "with gone as (delete from match_codes where tenant_id = :tenant returning 1)"
        " select count(*) from gone"
    )


def rebuild(shell: Any, county: str, *more: str, **environment: str) -> Any:
    return shell("matching", "rebuild", "--office", county, *more, **environment)


def test_import_finds_the_cases_of_a_history_by_itself(history: Any, ask: Any) -> None:
    assert history("一周", "--match") == {"read": MANY, "created": MANY, "matched": MANY}
    assert history("一周", "--match") == {"read": MANY, "created": 0, "matched": 0}
    assert history("一个星期", "--match", many=3)["matched"] == 3
    assert (ask(PLACED), ask(CASES)) == (MANY + 3, MANY)


def test_without_it_a_history_waits_for_the_worker(history: Any, ask: Any) -> None:
    assert history("一周") == {"read": MANY, "created": MANY}
    assert ask(PLACED) == 0


def test_after_a_rebuild_old_messages_are_found_again(
    shell: Any, county: str, history: Any, ask: Any
) -> None:
    history("一周", "--match")
    forget(ask)
    history("一个星期", "--match", many=2)
    assert ask(CASES) == MANY + 2, "what is not known is not found"
    told = shell.json("matching", "rebuild", "--office", county)
    assert told == {"messages": MANY + 2, "rewritten": MANY + 2, "matched": 0}
    assert ask(RECORDS) == MANY + 2
    history("七天", "--match", many=2)
    assert ask(CASES) == MANY + 2


def test_a_rebuild_that_was_broken_off_goes_on_where_it_stopped(
    shell: Any, county: str, history: Any, ask: Any, settings: Settings, tmp_path: Path
) -> None:
    history("一周")
    home = tmp_path / "home"
    shutil.copytree(settings.home / "keys", home / "keys")
    broken = {"MINSHENG_HOME": str(home), "MINSHENG_FAILPOINTS": "match.before_commit=raise@3"}
    stopped = rebuild(shell, county, "--batch", "4", **broken)
    assert stopped.exit_code == 1
    assert type(stopped.exception).__name__ == "FailpointReached"
    assert ask(PLACED) == ask(RECORDS) == 8
    done = rebuild(shell, county, "--batch", "4")
    assert done.exit_code == 0, done.output
    assert done.stderr.splitlines() == ["8 of 12", "12 of 12", "12 of 12"]
    assert "rewritten\t12\nmatched\t12\n" in done.stdout
    assert ask(PLACED) == ask(CASES) == ask(RECORDS) == MANY
    events = "select count(*) from case_events where tenant_id = :tenant and kind = 'opened'"
    assert ask(events) == MANY
    again = shell.json("matching", "rebuild", "--office", county)
    assert again == {"messages": MANY, "rewritten": MANY, "matched": 0}


def test_an_unknown_office_is_refused(shell: Any) -> None:
    assert "no active office" in shell.refused("matching", "rebuild", "--office", "999999")


def test_a_comparison_tells_which_decisions_would_differ_and_changes_nothing(
    shell: Any, county: str, history: Any, ask: Any
) -> None:
    history("一周", "--match")
    history("一个星期", "--match", many=4)
    before = [ask(statement) for statement in (CASES, PLACED, RECORDS)]
    call = ("matching", "compare", "--office", county, "--sample", "100")
    same = shell.json(*call)
    assert (same["sampled"], same["agree"], same["differences"]) == (8, 8, [])
    assert list(same["stored"]) == [same["algorithm"]]
    settle = ("insert into match_settings values (:tenant, 1, 0.5, 'citizen', 'x', now())"
              " returning tenant_id")  # fmt: skip
    assert ask(settle)
    other = shell.json(*call)
    assert other["by_kind"] == {"joined>review": 4}
    assert all(each["case"].startswith(county) for each in other["differences"])
    shown = shell("matching", "compare", "--office", county, "--sample", "100")
    assert "joined>review\t4" in shown.stdout
    assert other["differences"][0]["case"] in shown.stdout
    assert [ask(statement) for statement in (CASES, PLACED, RECORDS)] == before


def test_a_comparison_draws_the_same_sample_for_one_seed(
    shell: Any, county: str, history: Any
) -> None:
    history("一周", "--match")
    call = ("matching", "compare", "--office", county, "--sample", "5", "--seed", "7")
    assert shell.json(*call)["sampled"] == 5
    assert shell.json(*call) == shell.json(*call)


def test_figures_tell_what_was_joined_and_left_out(shell: Any, county: str, history: Any) -> None:
    history("一周", "--match", many=3)
    history("一个星期", "--match", many=3)
    told = shell.json("matching", "figures", "--office", county)
    assert (told["messages"], told["joined"], told["capped"]) == (6, 3, 0)
    assert told["precision"]["share"] is None
