"""The audit trail: whose eyes it is for, how it is narrowed, what leaves with an export."""

import ast
import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import minsheng
from minsheng.audit import SYSTEM, Actor
from minsheng.faces.cells import csv_text, safe_cell
from minsheng.faces.web.audit_words import action_name

SOURCES = Path(minsheng.__file__).parent
_ACTION = re.compile(r"[a-z]+\.[a-z_]+")
PUT_TOGETHER = {
    "f'case.{kind}'": ["case.unmerged", "case.split", "case.complained", "case.not_complained"],
    "f'finding.{outcome}'": ["finding.same", "finding.related", "finding.different"],
    "f'crossing.{said}'": ["crossing.agree", "crossing.decline"],
    "f'delivery.{state}'": ["delivery.sent", "delivery.failed", "delivery.uncertain"],
    "f'delivery.{verb}'": ["delivery.resend", "delivery.settle", "delivery.taken"],
    "f'document.{state}'": ["document.live", "document.withdrawn", "document.dead"],
    "f'handover.{verb}'": ["handover.accept", "handover.return", "handover.answer"],
    "f'instruction.{verb}'": ["instruction.follow_up", "instruction.done"],
    "f'join.{verdict}'": ["join.right", "join.wrong"],
    "f'message.{verb}'": ["message.confidential", "message.not_confidential"],
}
"""What comes of the actions that the code puts together; a new one is entered here."""
LI = Actor("user", "li.si", "10.1.2.3")


@pytest.fixture
def trail(desk: Any) -> Any:
    """The desk with the audit administrator logged in and some entries in the book."""
    record(desk, LI, "case.merge", "case", "20261120-00001")
    record(desk, LI, "citizen.reveal", "message", "m-1", result="refused: confidential")
    record(desk, Actor("channel", "hotline"), "message.take_in", "inbox", "i-1")
    desk.log_in("audit_admin")
    return desk


def record(desk: Any, actor: Actor, *said: str, result: str = "ok") -> None:
    with desk.tools.database.session(desk.tenant_id) as session:
        desk.tools.auditor.record(session, actor, *said, result=result)


def entries(desk: Any, action: str) -> list[Any]:
    with desk.tools.database.owner_session() as session:
        return list(
            session.connection().exec_driver_sql(
                "select * from audit_entries where tenant_id = %s and action = %s order by id",
                (desk.tenant_id, action),
            )
        )


def test_an_entry_is_shown_in_words_with_who_what_when_and_from_where(trail: Any) -> None:
    page = trail.http.get("/admin/audit").text
    for part in ("合并诉求", "20261120-00001", "li.si", "10.1.2.3", "2026-11-20 12:00:00", "被拒"):
        assert part in page, part
    assert page.rindex("收件") < page.rindex("合并诉求"), "newest first"
    assert "王秀英" in page, "the person who logged in, by name"


def test_rel_u1_looking_and_exporting_leave_one_entry_each(trail: Any) -> None:
    trail.http.get("/admin/audit?who=li.si&action=case.merge")
    assert [(row.actor, row.object_id) for row in entries(trail, "audit.look")] == [
        ("user:audit_admin", "who=li.si action=case.merge")
    ]
    trail.http.get("/admin/audit/export.csv?who=li.si")
    [row] = entries(trail, "audit.export")
    assert (row.object_id, row.result) == ("who=li.si", "2 entries")


def test_the_trail_is_narrowed_by_who_what_object_time_and_refusal(trail: Any) -> None:
    trail.tools.clock.move(timedelta(minutes=20))
    for query, count in (
        ("who=li.si", 2),
        ("who=user:li.si", 2),
        ("who=client:li.si", 0),
        ("who=hotline", 1),
        ("action=case.merge", 1),
        ("object=20261120-00001", 1),
        ("who=li.si&refused=yes", 1),
        ("who=li.si&since=2026-11-20", 2),
        ("who=li.si&since=2026-11-21", 0),
        ("who=li.si&until=2026-11-20", 2),
        ("who=li.si&until=2026-11-19", 0),
    ):
        assert len(exported(trail, query)) == count, query
    for wrong in ("since=gestern", "until=2026-13-01", "cursor=x"):
        assert trail.http.get(f"/admin/audit?{wrong}").status_code == 422, wrong


def test_a_users_entries_are_found_by_the_user_name(trail: Any) -> None:
    rows = exported(trail, "object=audit_admin&action=user.login")
    assert [row[5] for row in rows] == ["王秀英 audit_admin"]


def test_a_long_trail_is_paged_without_gap_or_repeat(trail: Any) -> None:
    for number in range(110):
        record(trail, LI, "case.split", "case", f"C{number:03d}")
    path, found = "/admin/audit?action=case.split", []
    for _page in range(3):
        page = trail.http.get(path).text
        found += re.findall(r'<span class="small">(C\d{3})</span>', page)
        following = re.search(r'href="([^"]*cursor=[^"]*)" rel="next"', page)
        path = following.group(1).replace("&amp;", "&") if following else ""
    assert path == ""
    assert found == [f"C{number:03d}" for number in reversed(range(110))]


def test_an_exported_cell_is_no_formula(trail: Any) -> None:
    formulas = ("=1+1", "+1", "-1", "@a", "\t=1", "＝1", "＋1", "－1", "＠a", " =1", "\u3000=1")
    for value in formulas:
        assert safe_cell(value) == f"'{value}"
    for value in ("", "li.si", "1-1", "甲=乙", "10.0.0.1"):
        assert safe_cell(value) == value
    record(trail, LI, "case.split", "case", '=HYPERLINK("http://x","y")')
    [row] = exported(trail, "action=case.split")
    assert row[5] == '\'=HYPERLINK("http://x","y")'
    read = list(csv.reader(io.StringIO(csv_text(["a"], [['x"\r\n=1']]))))
    assert read[1] == ['x"\r\n=1']


def exported(desk: Any, query: str) -> list[list[str]]:
    answer = desk.http.get(f"/admin/audit/export.csv?{query}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert len(rows[0]) == 8
    return rows[1:]


def test_rel_a4_the_trail_is_for_the_audit_administrator_who_changes_nothing(desk: Any) -> None:
    for role in ("system_admin", "security_admin", "leader", "liaison"):
        desk.http = desk.app.test_client()
        desk.log_in(role)
        for path in ("/admin/audit", "/admin/audit/export.csv"):
            assert desk.http.get(path).status_code == 403, role
    desk.http = desk.app.test_client()
    desk.log_in("audit_admin")
    for path in ("/admin/users", "/admin/roles", "/admin/new-user", "/queue", "/channels"):
        assert desk.http.get(path).status_code == 403, path
    for path in ("/admin/users/leader/off", "/admin/roles", "/admin/new-user"):
        assert desk.send(path, of="/admin/audit").status_code == 403, path


def test_another_offices_entries_are_not_in_it(trail: Any, office: Any) -> None:
    with trail.tools.database.session(office("county")) as session:
        trail.tools.auditor.record(session, LI, "case.split", "case", "FOREIGN")
    assert "FOREIGN" not in trail.http.get("/admin/audit").text
    assert exported(trail, "action=case.split") == []


def test_every_action_that_the_code_records_has_its_words(page_app: Any) -> None:
    recorded = {action for path in SOURCES.rglob("*.py") for action in actions_in(path)}
    assert len(recorded) > 40
    with page_app.test_request_context(headers={"Accept-Language": "zh"}):
        nameless = sorted(action for action in recorded if action_name(action) == action)
        assert action_name("door.nobody_named") == "door.nobody_named"
    assert nameless == [], "give them words in platform/minsheng/faces/web/audit_words.py"


def actions_in(path: Path) -> Iterator[str]:
    """The actions of the calls of ``record`` in a file, and those put together from parts."""
    if "versions" in path.parts or path.name == "audit_words.py":
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and is_record(node)]
    for call in calls:
        if isinstance(call.args[2], ast.Constant):
            yield str(call.args[2].value)
        if isinstance(call.args[2], ast.JoinedStr):
            yield from PUT_TOGETHER.get(ast.unparse(call.args[2]), ["f.string"])
    # An action that is a name is said elsewhere in its file, on its own or in a pair.
    if any(isinstance(call.args[2], ast.Name) for call in calls):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                kind, _dot, verb = node.value.partition(".")
                if _ACTION.fullmatch(node.value) and kind in _KINDS and verb:
                    yield node.value


_KINDS = {"user", "provider", "channel", "session", "client", "factor", "role", "opening"}


def is_record(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "record"
        and len(node.args) > 3
    )


def test_an_action_without_words_would_be_found(tmp_path: Path) -> None:
    code = tmp_path / "new.py"
    code.write_text(
        "def f(tools, session, actor, on):\n"
        '    tools.auditor.record(session, actor, "case.burn", "case", 1)\n'
        '    verb = "channel.sing" if on else "channel.dance"\n'
        '    tools.auditor.record(session, actor, verb, "channel", 1)\n',
        encoding="utf-8",
    )
    assert {*actions_in(code)} == {"case.burn", "channel.sing", "channel.dance"}
    assert SYSTEM.kind == "system"
