"""The dossier of a case: it holds everything, it is sealed, and a change anywhere is seen."""

import io
import json
import zipfile
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import SYSTEM
from minsheng.cases.service import Purpose, RevealRefused, Sight, Wish, mark_confidential
from minsheng.documents.archive import ArchiveBroken, pack, verify
from minsheng.documents.pages import fill
from minsheng.faces.process import Process
from minsheng.supervision.dossier_rows import LEFT_OUT, reachable_tables
from minsheng.supervision.service import dossier_key, make_dossier
from minsheng_tenants import Base

SECRET = "槐河家园七号楼顶层漏雨，已经漏了三个冬天。"
SEED = bytes(range(32))
OUTSIDE = {"users", "channels", "tenants"}
"""What many cases share: no part of any one dossier."""


@pytest.fixture
def case(api: Any, settle: Any) -> str:
    """A case of two joined messages of one citizen."""
    api.post("/channels", {"plugin": "leaders_board", "code": "in", "name": "网", "pushed": True})
    for name in ("a", "b"):
        api.post("/messages", {
            "channel": "in", "external_id": name, "subject": "顶层漏雨", "body": SECRET,
            "received_at": "2026-11-19T09:00:00+08:00", "region": "", "addressee": "", "kind": "",
            "citizen": {"name": "王小明", "phone": "13800138123", "email": ""},
        })  # fmt: skip
    settle(api.tenant_id)
    number: str = api.get("/cases").get_json()["items"][0]["number"]
    return number


@pytest.fixture
def made(api: Any, case: str) -> bytes:
    answer = api.post(f"/cases/{case}/dossier", {"purpose": "verify"})
    assert answer.status_code == 200, answer.get_json()
    assert answer.content_type == "application/zip"
    return bytes(answer.data)


def opened(content: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(content))


def test_feature_e1_the_dossier_holds_every_event_message_and_original(
    api: Any, case: str, made: bytes, process: Process
) -> None:
    archive = opened(made)
    rows = {name: json.loads(archive.read(f"rows/{name}.json")) for name in
            ("cases", "case_events", "messages", "inbox")}  # fmt: skip
    with process.tools.database.session(api.tenant_id) as session:
        for table, held in rows.items():
            counted = text(f"select count(*) from {table} where tenant_id = :id")
            assert session.scalar(counted, {"id": api.tenant_id}) == len(held) > 0, table
    assert {row["id"] for row in rows["case_events"]} == {
        event["id"] for event in api.get(f"/cases/{case}/timeline").get_json()["items"]
    }
    for row in rows["inbox"]:
        assert json.loads(archive.read(row["raw"]["file"]))["body"] == SECRET
    assert archive.read("dossier.pdf").startswith(b"%PDF-")


def test_feature_e1_a_sound_dossier_is_verified_by_the_public_key(
    made: bytes, case: str, process: Process
) -> None:
    found = verify(made, dossier_key(process.tools.master))
    assert found.about["case"] == case
    assert found.files == len(opened(made).namelist()) - 2
    with pytest.raises(ArchiveBroken, match="another key"):
        verify(made, "00" * 32)


def changed(content: bytes, path: str, new: bytes | None, *, more: str = "") -> bytes:
    """The archive with one file changed, taken out (None), or one more added."""
    target = io.BytesIO()
    with opened(content) as old, zipfile.ZipFile(target, "w") as archive:
        for name in old.namelist():
            if name != path or new is not None:
                archive.writestr(name, new if name == path and new is not None else old.read(name))
        if more:
            archive.writestr(more, b"x")
    return target.getvalue()


def test_feature_e1_a_change_anywhere_is_named() -> None:
    sealed = pack({"a.txt": b"one", "b.txt": b"two"}, {"case": "1"}, SEED)
    verify(sealed)
    for broken, word in (
        (changed(sealed, "a.txt", b"onE"), "a.txt was changed"),
        (changed(sealed, "a.txt", b"longer"), "a.txt was changed"),
        (changed(sealed, "b.txt", None), "b.txt is missing"),
        (changed(sealed, "", None, more="c.txt"), "c.txt was added"),
        (changed(sealed, "index.json", b"{}"), "index.json was changed"),
        (changed(sealed, "seal.json", b"{}"), "no sealed dossier"),
        (sealed[:-30], "no sealed dossier"),
        (b"", "no sealed dossier"),
    ):
        with pytest.raises(ArchiveBroken, match=word):
            verify(broken)


def test_the_same_files_make_the_same_archive() -> None:
    files = {"b": b"2", "a": b"1"}
    assert pack(files, {}, SEED) == pack(dict(reversed(files.items())), {}, SEED)


def test_making_one_is_kept_with_its_purpose_and_a_bad_purpose_is_refused(
    api: Any, case: str, process: Process
) -> None:
    assert api.post(f"/cases/{case}/dossier", {"purpose": "other"}).status_code == 422
    assert api.post(f"/cases/{case}/dossier", {"purpose": "visit"}).status_code == 200
    with process.tools.database.session(api.tenant_id) as session:
        said = text(
            "select result from audit_entries where tenant_id = :id and action = 'case.dossier'"
        )
        assert list(session.scalars(said, {"id": api.tenant_id})) == ["visit"]
        kept = text("select purpose, size > 0 from dossiers where tenant_id = :id")
        assert [tuple(row) for row in session.execute(kept, {"id": api.tenant_id})] == [
            ("visit", True)
        ]


def test_where_a_citizen_asked_for_secrecy_it_is_for_those_who_may_know(
    api: Any, case: str, process: Process
) -> None:
    tools, purpose = process.tools, Purpose("verify")
    with tools.database.session(api.tenant_id) as session:
        message = text("select id from messages where tenant_id = :id limit 1")
        mark_confidential(
            session, tools, Wish(SYSTEM), session.scalar(message, {"id": api.tenant_id})
        )
    with (
        pytest.raises(RevealRefused),
        tools.database.session(api.tenant_id) as session,
    ):
        make_dossier(session, tools, Wish(SYSTEM), case, purpose)
    with tools.database.session(api.tenant_id) as session:
        wish = Wish(SYSTEM, sight=Sight(confidential=True))
        assert make_dossier(session, tools, wish, case, purpose).content


def test_every_table_is_in_the_dossier_or_left_out_with_a_reason() -> None:
    named = {"case_id", "message_id", "from_case", "reply_id", "visit_id", "handover_id"}
    reached = {table.name for table in reachable_tables()}
    missing = {
        table.name
        for table in Base.metadata.sorted_tables
        if named & set(table.c.keys()) and table.name not in reached | set(LEFT_OUT) | OUTSIDE
    }
    assert missing == set(), "let the walk reach them, or say in LEFT_OUT why not"
    assert all(LEFT_OUT.values())


def test_what_people_wrote_is_text_on_the_page_never_markup() -> None:
    about: dict[str, Any] = {
        "case": "1", "subject": "<script>alert(1)</script>", "made_by": "x", "purpose": "y",
        "office": {"name": "县", "code": "1"},
    }  # fmt: skip
    page = fill(
        "dossier.html", about=about, made_at="", messages=[], replies=[], parts=[], files=[]
    )
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
