"""A channel's run: cursor with arrivals, patience with a failing source, nothing for a paused."""

from datetime import timedelta
from typing import Any

import pytest

from minsheng.intake.channels import ChannelInvalid, pull_now, set_paused
from minsheng.runtime.work import StaleClaim, put_off
from minsheng_sdk import RawItem


def page(*keys: str) -> list[list[str]]:
    return [[key, f"关于{key}\n内容{key}", ""] for key in keys]


def due_in(desk: Any) -> float:
    (row,) = desk.work("pull")
    waiting: float = (row.due_at - desk.tools.clock.now()).total_seconds()
    return waiting


def test_a_new_channel_is_pulled_at_once_page_by_page(desk: Any) -> None:
    desk.write(page("1", "2"), page("3"))
    desk.add_channel()
    assert desk.pull() == 1
    assert [row.source_key for row in desk.inbox()] == ["1", "2", "3"]
    assert desk.cursor() == "2"
    assert desk.confirmed() == ["0", "1"]
    (run,) = desk.runs()
    assert (run.outcome, run.fetched, run.stored, run.trouble) == ("ok", 3, 3, "")


def test_the_cursor_lies_sealed(desk: Any) -> None:
    desk.write(page("1"))
    desk.add_channel()
    desk.pull()
    assert len(bytes(desk.channel().cursor)) > len("1") + 16


def test_pages_before_a_failure_and_their_cursor_stay(desk: Any) -> None:
    desk.write(page("1"), "away", page("2"))
    desk.add_channel()
    desk.pull()
    assert [row.source_key for row in desk.inbox()] == ["1"]
    assert desk.cursor() == "1"
    desk.write(page("1"), page("2"))
    desk.tools.clock.move(timedelta(hours=1))
    desk.pull()
    assert [row.source_key for row in desk.inbox()] == ["1", "2"]


def test_a_page_of_known_arrivals_moves_the_cursor(desk: Any) -> None:
    channel = desk.add_channel()
    desk.take(channel, RawItem("1", b"known"), RawItem("2", b"known too"))
    desk.write(page("1", "2"))
    desk.pull()
    assert desk.cursor() == "1"
    assert len(desk.inbox()) == 2
    (run,) = desk.runs()
    assert (run.fetched, run.stored) == (2, 0)


def test_a_page_that_is_not_committed_is_not_confirmed_and_moves_nothing(desk: Any) -> None:
    """Another worker takes the channel over while the first waits: see invariant 2."""
    desk.write(page("1"), page("2"))
    desk.add_channel()
    (claim,) = desk.claim("pull")
    desk.tools.clock.move(timedelta(seconds=61))
    desk.claim("pull")
    with pytest.raises(StaleClaim):
        _run(desk, claim)
    assert desk.inbox() == []
    assert desk.cursor() == ""
    assert desk.confirmed() == []


def _run(desk: Any, claim: Any) -> None:
    desk.puller().work([claim])


@pytest.mark.parametrize(("fault", "waits"), [
    ("away", [30, 60, 120, 240]),
    ("crash", [30, 60, 120, 240]),
    ("busy", [900, 900, 900, 900]),
    ("refused", [3600, 3600, 3600, 3600]),
])  # fmt: skip
def test_a_failing_source_is_left_in_peace_longer_and_longer(
    desk: Any, fault: str, waits: list[int]
) -> None:
    desk.write(fault)
    desk.add_channel()
    seen = []
    for _ in waits:
        assert desk.pull() == 1
        seen.append(due_in(desk))
        assert desk.pull() == 0, "not before its time"
        desk.tools.clock.move(timedelta(seconds=seen[-1]))
    assert seen == waits
    assert desk.channel().failures == 4
    assert {run.outcome for run in desk.runs()} == {"failed"}
    assert all(run.trouble and run.finished_at for run in desk.runs())


@pytest.mark.parametrize("arrival", [["a\x00b", "x", ""], ["a\ud800", "x", ""], ["a", "x", "\x00"]])
def test_a_name_that_no_database_keeps_fails_the_run_where_it_is_seen(
    desk: Any, arrival: list[str]
) -> None:
    desk.write(page("1"), [arrival], page("2"))
    desk.add_channel()
    desk.pull()
    (run,) = desk.runs()
    assert (run.outcome, run.trouble[:10]) == ("failed", "PluginLied")
    assert [row.source_key for row in desk.inbox()] == ["1"]
    assert desk.cursor() == "1", "the source keeps what was not taken in"
    assert due_in(desk) == 3600


def test_patience_ends_at_an_hour(desk: Any) -> None:
    desk.write("away")
    desk.add_channel()
    for _ in range(9):
        desk.pull()
        longest = due_in(desk)
        desk.tools.clock.move(timedelta(seconds=longest))
    assert longest == 3600


def test_a_source_that_recovers_is_pulled_as_before(desk: Any) -> None:
    desk.write("away")
    desk.add_channel()
    for _ in range(3):
        desk.pull()
        desk.tools.clock.move(timedelta(hours=1))
    desk.write(page("1"))
    desk.pull()
    assert len(desk.inbox()) == 1
    assert desk.channel().failures == 0
    assert due_in(desk) == 60
    assert desk.runs()[-1].outcome == "ok"


def test_a_quiet_source_is_asked_less_and_less_and_news_brings_it_back(desk: Any) -> None:
    desk.add_channel()
    waits = []
    for _ in range(13):
        desk.pull()
        waits.append(due_in(desk))
        desk.tools.clock.move(timedelta(seconds=waits[-1]))
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (90, 3600)
    desk.write(page("1"))
    desk.pull()
    assert due_in(desk) == 60


def test_one_channels_failure_is_not_anothers(desk: Any) -> None:
    desk.write("away")
    desk.add_channel("one")
    desk.add_channel("two")
    assert desk.pull() == 2
    assert [run.outcome for run in desk.runs()] == ["failed", "failed"]


def test_a_paused_channel_finishes_its_work_row_and_is_left_alone(desk: Any) -> None:
    desk.write(page("1"))
    channel = desk.add_channel()
    (claim,) = desk.claim("pull")
    with desk.tools.database.session(desk.tenant_id) as session:
        session.merge(channel).state = "paused"
    desk.puller().work([claim])
    assert desk.work("pull") == []
    assert desk.inbox() == []
    assert desk.runs() == []


def test_pausing_takes_the_row_and_resuming_brings_it_back(desk: Any) -> None:
    desk.write(page("1"))
    desk.add_channel()
    pause(desk, paused=True)
    assert desk.work("pull") == []
    assert desk.pull() == 0
    with pytest.raises(ChannelInvalid, match="paused"), session_of(desk) as session:
        pull_now(session, desk.tools, desk.actor, "script")
    pause(desk, paused=False)
    assert desk.pull() == 1
    assert len(desk.inbox()) == 1


def session_of(desk: Any) -> Any:
    return desk.tools.database.session(desk.tenant_id)


def pause(desk: Any, *, paused: bool) -> None:
    with session_of(desk) as session:
        set_paused(session, desk.tools, desk.actor, "script", paused=paused)


def test_a_run_that_was_stopped_by_a_pause_commits_nothing_after_the_resume(desk: Any) -> None:
    """Even when the channel is claimed anew meanwhile: its new row must not bear the old fence."""
    desk.write(page("1"))
    desk.add_channel()
    (stopped,) = desk.claim("pull")
    pause(desk, paused=True)
    pause(desk, paused=False)
    (running,) = desk.claim("pull")
    with pytest.raises(StaleClaim):
        _run(desk, stopped)
    assert desk.inbox() == []
    desk.puller().work([running])
    assert len(desk.inbox()) == 1


def test_pulling_now_does_not_wait_for_the_turn_and_is_audited(desk: Any) -> None:
    desk.add_channel()
    desk.pull()
    assert desk.pull() == 0
    with session_of(desk) as session:
        pull_now(session, desk.tools, desk.actor, "script")
    assert desk.pull() == 1
    assert [entry.actor for entry in desk.audit("channel.pull")] == ["user:li.si"]


def test_a_run_whose_worker_was_stopped_is_closed_by_the_next(desk: Any) -> None:
    desk.write(page("1"))
    desk.add_channel()
    (stopped,) = desk.claim("pull")
    desk.tools.clock.move(timedelta(seconds=61))
    running = desk.claim("pull")
    with pytest.raises(StaleClaim):
        _run(desk, stopped)
    assert [run.outcome for run in desk.runs()] == ["running"]
    desk.puller().work(running)
    broken, good = desk.runs()
    assert (broken.outcome, good.outcome) == ("failed", "ok")
    assert "worker ended" in broken.trouble
    assert broken.finished_at == desk.tools.clock.now()


def test_a_claim_given_back_is_not_a_run_that_may_go_on(desk: Any) -> None:
    desk.write(page("1"))
    desk.add_channel()
    (claim,) = desk.claim("pull")
    with session_of(desk) as session:
        put_off(session, claim, desk.tools.clock.now())
    desk.claim("pull")
    with pytest.raises(StaleClaim):
        _run(desk, claim)
