"""Kill -9 of the sender before, during and after a send: counted at the source itself."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from minsheng.audit import Actor
from minsheng.cases.service import Wish
from minsheng.replies.service import settle_uncertain
from minsheng.runtime.failpoints import Failpoints, arm
from minsheng.runtime.settings import Settings
from minsheng_hotline_12345.loopback import HotlineLoopback
from minsheng_sdk.loopback_http import Reply, Request

OVERDUE = timedelta(minutes=10)
"""Longer than the lease of a sender that was killed."""
PHASES = ("before", "during", "after")


@dataclass
class Victim:
    """The process that sends, killed by the source when ``armed``."""

    pid: int = 0
    armed: bool = False

    def strike(self) -> None:
        """Kill it now: the source has the reply, its answer was not given yet."""
        if self.armed:
            self.armed = False
            os.kill(self.pid, signal.SIGKILL)


@dataclass
class Letters:
    """An SMTP server that counts letters and kills their sender before it says 250."""

    victim: Victim
    got: list[bytes] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802  the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.got.append(content)
        self.victim.strike()
        return "250 taken in charge"

    def message_ids(self) -> list[str]:
        lines = [line for mail in self.got for line in mail.decode("ascii").splitlines()]
        return [line for line in lines if line.startswith("Message-ID:")]


class Hotline(HotlineLoopback):
    """A work-order server that counts what is written and kills the writer before it answers."""

    def __init__(self, victim: Victim) -> None:
        super().__init__()
        self.victim = victim
        self.keys: list[str] = []

    def _write_result(self, request: Request) -> Reply:
        answer = super()._write_result(request)
        self.keys = [each.delivery_key for each in self.delivered()]
        self.victim.strike()
        return answer


@contextmanager
def armed(home: Path, said: str) -> Iterator[None]:
    values = {
        "MINSHENG_FAILPOINTS": said, "MINSHENG_HOME": str(home), "MINSHENG_TESTING": "1",
    }  # fmt: skip
    arm(Failpoints.from_settings(Settings.from_environ(values)))
    try:
        yield
    finally:
        arm(Failpoints())


def send_and_die(bureau: Any, victim: Victim, home: Path, phase: str) -> None:
    """Send in a process of its own that is killed in the phase."""
    points = {"before": "deliver.before_send=kill", "after": "deliver.after_send=kill"}
    with armed(home, points.get(phase, "")):
        victim.pid = os.fork()
        if victim.pid == 0:
            bureau.tools.database.dispose(close=False)
            victim.pid = os.getpid()
            bureau.deliver()
            os._exit(0)
    _pid, status = os.waitpid(victim.pid, 0)
    assert os.WIFSIGNALED(status), "the sender was to be killed"
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.fixture
def victim() -> Victim:
    return Victim()


@pytest.fixture
def letters(victim: Victim) -> Iterator[tuple[Letters, int]]:
    handler = Letters(victim)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(handler, hostname="127.0.0.1", port=port)
    server.start()
    yield handler, port
    server.stop()


@pytest.mark.parametrize("phase", PHASES)
def test_rel_r2_a_mail_whose_sender_was_killed_goes_out_once_or_is_shown_as_uncertain(
    bureau: Any,
    source: Callable[[str], Any],
    sample: Callable[..., Any],
    victim: Victim,
    letters: tuple[Letters, int],
    tmp_path: Path,
    scaled: Callable[[int, int], int],
    phase: str,
) -> None:
    handler, port = letters
    code = bureau.open("mailbox", source("mailbox"))
    bureau.point(code, smtp_port=port)
    count = scaled(50, 1)
    bureau.put(code, [sample(number) for number in range(count)])
    for turn, number in enumerate(bureau.cases()):
        bureau.answer(number)
        victim.armed = phase == "during"
        before = len(handler.got)
        send_and_die(bureau, victim, tmp_path / f"{turn}", phase)
        bureau.clock.move(OVERDUE)
        bureau.deliver()
        bureau.clock.move(OVERDUE)
        bureau.deliver()
        (row,) = bureau.deliveries(number)
        assert len(handler.got) == before + 1, "never silently twice, and never lost"
        assert row.state == ("sent" if phase == "before" else "uncertain")
    if phase != "before":
        sure = Wish(Actor("user", "li.si"), "来信人说没有收到")
        with bureau.session() as session:
            settle_uncertain(session, bureau.tools, sure, row.id, arrived=False)
        bureau.deliver()
        assert len(handler.got) == count + 1
        assert len(set(handler.message_ids()[-2:])) == 1, "every attempt bears one Message-ID"


@pytest.mark.parametrize("phase", PHASES)
def test_rel_r2_a_result_whose_sender_was_killed_is_asked_about_and_arrives_once(
    bureau: Any,
    sample: Callable[..., Any],
    victim: Victim,
    tmp_path: Path,
    scaled: Callable[[int, int], int],
    phase: str,
) -> None:
    server = Hotline(victim)
    server.start()
    code = bureau.open("hotline_12345", server)
    count = scaled(50, 1)
    bureau.put(code, [sample(number) for number in range(count)])
    for turn, number in enumerate(bureau.cases()):
        bureau.answer(number)
        victim.armed = phase == "during"
        send_and_die(bureau, victim, tmp_path / f"{turn}", phase)
        assert bureau.deliveries(number)[0].state == "sending"
        bureau.clock.move(OVERDUE)
        bureau.deliver()
        (row,) = bureau.deliveries(number)
        assert row.state == "sent"
    assert len(server.keys) == len(set(server.keys)) == count
    server.stop()


@pytest.mark.parametrize("fault", ["drop", "refuse"])
def test_rel_r2_an_answer_that_was_lost_or_spoilt_never_makes_two(
    bureau: Any, hotline: str, mailbox: str, sample: Callable[..., Any], fault: str
) -> None:
    for code in (hotline, mailbox):
        bureau.put(code, [sample(1, code[:2])])
    for number in bureau.cases():
        bureau.answer(number)
    bureau.sources[hotline].fail_next(fault, 1)
    bureau.sources[mailbox].fail_next(fault, 0)
    for _ in range(4):
        bureau.deliver()
        bureau.clock.move(timedelta(hours=2))
    states = {row.channel: row.state for n in bureau.cases() for row in bureau.deliveries(n)}
    assert len(bureau.arrived(hotline)) == 1
    assert states[hotline] == "sent"
    certain = fault == "refuse"
    assert states[mailbox] == ("sent" if certain else "uncertain")
    assert len(bureau.arrived(mailbox)) == 1
