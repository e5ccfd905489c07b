"""The whole road on real parts: three channels, one case, one answer to each, one low rating.

A letter lies in a real IMAP server, the hotline and the board speak their recorded protocols; the
province hands the case to a county, whose one answer goes back by every road.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import Actor
from minsheng.cases.service import Wish, merge
from minsheng.citizens.service import Scores, list_reviews, take_rating
from minsheng.faces.process import KINDS, Process, build, make_runner
from minsheng.handling.service import accept_handover, dispatch, list_handovers
from minsheng.intake.service import NewChannel, add_channel
from minsheng.replies.service import (
    Rules,
    Words,
    approve,
    deliveries_of,
    set_rules,
    start_draft,
    submit,
)
from minsheng.runtime.clock import SystemClock
from minsheng.runtime.settings import Settings
from minsheng_sdk import Citizen, SampleMessage
from minsheng_tenants import Tenant

BODY = "枣园路3号院3号楼电梯停运九天，楼上老人无法下楼，物业一直不修，请督促尽快修复。"
ANSWER = "枣园路3号院3号楼电梯已于2026年11月20日修复并通过检验，当日恢复运行。"
LETTER_ID = "<brief-4711@citizen.example>"
ASKED = "sun@citizen.example"
WRITER, CHECKER = Actor("user", "liu.jingban"), Actor("user", "chen.shenhe")
_MOST_ROUNDS = 60


@pytest.fixture(scope="module")
def service(settings: Settings) -> Iterator[Process]:
    """The parts of a service whose clock goes."""
    parts = build(settings, SystemClock(), operator=True)
    yield parts
    parts.close()


@pytest.fixture
def work(service: Process) -> Callable[..., None]:
    """``work(*offices)``: do what is due there until nothing is, as the workers would."""
    runner = make_runner(service)

    def run(*offices: int) -> None:
        for _ in range(_MOST_ROUNDS):
            done = [runner.answer(office, kind) for office in offices for kind in KINDS]
            if not any(done):
                return
        message = "the workers find no end"
        raise AssertionError(message)

    return run


@pytest.fixture
def sources(service: Process) -> Iterator[dict[str, Any]]:
    """The hotline's and the board's loopback servers, running."""
    with ExitStack() as stack:
        found = {}
        for name in ("hotline_12345", "leaders_board"):
            found[name] = service.registry.get(name).loopback()
            found[name].start()
            stack.callback(found[name].stop)
        yield found


def told(service: Process, office: int, statement: str) -> list[Any]:
    with service.tools.database.session(office) as session:
        return list(session.execute(text(statement), {"id": office}).all())


def letter() -> bytes:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"] = f"孙建国 <{ASKED}>", "desk@county.example"
    mail["Subject"], mail["Message-ID"] = "枣园路3号院电梯停运", LETTER_ID
    mail["Date"] = "Fri, 20 Nov 2026 09:00:00 +0800"
    mail.set_content(BODY)
    return mail.as_bytes()


def said(mark: str, name: str, phone: str) -> SampleMessage:
    at = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
    citizen = Citizen(name=name, phone=phone)
    subject = "枣园路3号院3号楼电梯停运"
    return SampleMessage(mark, subject, f"{subject}。{BODY}", at, region="槐河县", citizen=citizen)


def test_three_channels_one_case_one_answer_to_each_and_one_low_rating_review(
    service: Process, work: Any, sources: dict[str, Any], dovecot: Any, sink: Any, office: Any
) -> None:
    tools = service.tools
    province = office("province")
    county = office("county", below=province)
    box = dovecot.account()
    box.append(letter())
    sources["hotline_12345"].put([said("H1", "孙建国", "13800139001")])
    sources["leaders_board"].put([said("B1", "赵小兰", "13900138002")])
    mail = {**sink.settings, **box.settings, "username": box.settings["username"]}
    with tools.database.session(province) as session:
        for plugin, given in (
            ("mailbox", mail),
            ("hotline_12345", sources["hotline_12345"].settings),
            ("leaders_board", sources["leaders_board"].settings),
        ):
            new = NewChannel(plugin, plugin, plugin, given)
            add_channel(session, tools, service.registry, WRITER, new)
        set_rules(session, tools, Wish(WRITER), Rules(adopt="direct"))
    work(province)

    numbers = [row.number for row in told(
        service, province,
        "select number from cases where tenant_id = :id and state = 'open' order by number",
    )]  # fmt: skip
    with tools.database.session(province) as session:
        for other in numbers[1:]:
            merge(session, tools, Wish(WRITER, "同一部电梯"), numbers[0], other)
    assert told(service, province, "select message_count from cases where tenant_id = :id"
                " and state = 'open'") == [(3,)]  # fmt: skip

    with tools.database.session(province) as session:
        code = session.get(Tenant, county).code  # type: ignore[union-attr]
        dispatch(session, tools, Wish(WRITER), numbers[0], code, note="请核实办理")
    work(province, county)

    with tools.database.session(county) as session:
        (waiting,) = list_handovers(session, "in").items
        accept_handover(session, tools, Wish(WRITER), waiting.id)
    work(county, province)
    (theirs,) = told(service, county, "select number from cases where tenant_id = :id")
    with tools.database.session(county) as session:
        draft = start_draft(session, tools, Wish(WRITER), theirs.number, Words(ANSWER))
        checked = submit(session, tools, Wish(WRITER), draft.id, draft.version)
        approve(session, tools, Wish(CHECKER), checked.id, checked.version)
    work(county, province)

    (sent,) = sink.taken
    answered = message_from_bytes(sent.content, policy=policy.default)
    assert sent.rcpt_tos == [ASKED]
    assert answered["In-Reply-To"] == LETTER_ID
    assert ANSWER in answered.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    for name, source in sources.items():
        (reply,) = source.delivered()
        assert ANSWER in reply.text, name
        assert "赵小兰" not in sent.content.decode(), "who else asked is nobody's business"
    with tools.database.session(province) as session:
        states = {each.state for each in deliveries_of(session, numbers[0])}
    assert states == {"sent"}

    (hotline,) = told(service, province, "select external_id from messages"
                      " where tenant_id = :id and plugin = 'hotline_12345'")  # fmt: skip
    for _ in range(2):
        with tools.database.session(province) as session:
            take_rating(session, tools, WRITER, "hotline_12345", hotline.external_id,
                        Scores(1, 1, 1), tools.clock.now())  # fmt: skip
    with tools.database.session(province) as session:
        (review,) = list_reviews(session)
        assert review.state == "open"
