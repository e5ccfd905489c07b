"""What came with attachments is handed over with its bytes: the receiver opens its own copy."""

from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import SYSTEM
from minsheng.intake.inbox import take_in
from minsheng.intake.service import NewChannel, add_channel
from minsheng_sdk import RawItem

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
LOOKS = "select result from audit_entries where tenant_id = :t and action = 'handover.file'"


def mail(body: str, *, attached: bool = True) -> bytes:
    letter = EmailMessage()
    letter["From"], letter["To"] = "李建国 <li@example.org>", "office@gov.example.cn"
    letter["Subject"], letter["Message-ID"] = "路灯不亮", "<lamp@example.org>"
    letter["Date"] = "Fri, 20 Nov 2026 11:00:00 +0800"
    letter.set_content(body)
    if attached:
        letter.add_attachment(PICTURE, maintype="image", subtype="png", filename="现场.png")
    return letter.as_bytes()


@pytest.fixture
def handed(world: Any) -> Any:
    """``handed(raw)``: a mail taken in at the city's and handed to the county; the handover."""

    def hand(raw: bytes, **more: Any) -> Any:
        server = world.process.registry.get("mailbox").loopback()
        server.start()
        settings = dict(server.settings)
        server.stop()
        with world.session(world.city) as session:
            new = NewChannel("letters", "mailbox", "信箱", settings)
            channel = add_channel(session, world.tools, world.process.registry, SYSTEM, new)
            take_in(session, world.tools, SYSTEM, channel.id, [RawItem("m1", raw)])
        for kind in ("parse", "match"):
            world.runner.answer(world.city, kind)
        number = world.scalar(world.city, "select number from cases")
        made = world.dispatch(world.city, number, world.county, **more)
        world.carry()
        return made

    return hand


def test_the_receiver_opens_the_file_though_the_sender_has_it_no_more(
    world: Any, api_of: Any, handed: Any
) -> None:
    raw = mail(world.LAMP)
    made = handed(raw)
    with world.tools.database.owner_session() as session:
        gone = text("update inbox set raw = null where tenant_id = :city")
        session.execute(gone, {"city": world.city})
    county, path = api_of(world.county), f"/handovers/{made.id}/files/1"
    for _ in range(2):
        got = county.post(path, {"purpose": "verify"})
        assert (got.status_code, got.data) == (200, raw)
    assert got.headers["Content-Disposition"].endswith('-1.eml"')
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert world.audited(world.county, "handover.file") == ["verify", "verify"], "looks are kept"
    with world.session(world.county) as session:
        said = session.scalar(text("select row_to_json(h)::text from handovers h"))
    assert PICTURE[8:40].hex() not in said, "the shared row holds no plain byte of it"


def test_who_was_not_handed_it_or_asks_for_what_is_not_there_gets_nothing(
    world: Any, api_of: Any, handed: Any
) -> None:
    made = handed(mail(world.LAMP))
    path, wish = f"/handovers/{made.id}/files", {"purpose": "verify"}
    for office, number in (
        (world.city, 1),
        (world.sibling, 1),
        (world.county, 0),
        (world.county, 2),
    ):
        assert api_of(office).post(f"{path}/{number}", wish).status_code == 404
    county = api_of(world.county)
    assert county.post(f"{path}/1", {"purpose": "other"}).status_code == 422
    assert world.audited(world.county, "handover.file") == []


def test_of_a_mail_without_files_and_of_who_asked_for_secrecy_no_bytes_go_along(
    world: Any, api_of: Any, handed: Any
) -> None:
    made = handed(mail(f"{world.LAMP}请对我的信息保密。"))
    assert made.contact == "withheld"
    answer = api_of(world.county).post(f"/handovers/{made.id}/files/1", {"purpose": "verify"})
    assert answer.status_code in (403, 404)
    assert b"example.org" not in answer.data
