"""Channels with their last runs; pulling and pausing, for those who may."""

from datetime import timedelta
from typing import Any

import pytest

from minsheng.intake.models import ChannelRun
from minsheng.runtime.ids import new_id

LIVE = {"HX-Request": "true"}


@pytest.fixture
def hotline(desk: Any, clock: Any) -> Any:
    """A channel with a good run and a failed one after it."""
    channel = desk.add_hotline()
    start = clock.now() - timedelta(minutes=5)
    good = {
        "outcome": "ok",
        "finished_at": start + timedelta(seconds=2),
        "fetched": 12,
        "stored": 7,
    }
    bad = {
        "outcome": "failed",
        "finished_at": start + timedelta(seconds=90),
        "trouble": "SourceUnavailable: no answer within 15 s <b>",
    }
    with desk.tools.database.session(desk.tenant_id) as session:
        for each in (good, bad):
            run = ChannelRun(id=new_id(), channel_id=channel.id, started_at=start, **each)
            session.add(run)
            session.flush()
    return channel


def test_runs_say_when_how_much_and_what_went_wrong(desk: Any, hotline: Any) -> None:
    desk.log_in("readonly")
    page = desk.http.get("/channels").text
    assert "对方系统没有应答，会自动再试" in page
    assert "no answer within 15 s &lt;b&gt;" in page
    for part in ("正常", "失败", ">12<", ">7<", "2 秒", "每 60 秒取一次"):
        assert part in page
    assert page.index("失败") < page.index("正常")
    assert "geheim" not in page


def test_who_may_only_read_channels_has_no_button_and_is_refused(desk: Any, hotline: Any) -> None:
    desk.log_in("readonly")
    assert "立即取件" not in desk.http.get("/channels").text
    for verb in ("pull", "pause", "resume"):
        assert desk.send(f"/channels/hotline/{verb}", of="/channels").status_code == 403


def test_pausing_stops_pulling_until_somebody_resumes(desk: Any, hotline: Any) -> None:
    desk.log_in("system_admin")
    paused = desk.send("/channels/hotline/pause", of="/channels")
    page = desk.http.get(paused.location).text
    assert "渠道已暂停" in page
    assert "已暂停" in page
    refused = desk.send("/channels/hotline/pull", of="/channels")
    assert refused.location == "/channels?done=already"
    resumed = desk.send("/channels/hotline/resume", of="/channels")
    assert resumed.location == "/channels?done=resumed"
    assert desk.send("/channels/hotline/pull", of="/channels").location == "/channels?done=pulled"


def test_a_channel_that_is_not_there_is_not_found(desk: Any) -> None:
    desk.log_in("system_admin")
    assert desk.send("/channels/nowhere/pull", of="/channels").status_code == 404
    assert "还没有渠道" in desk.http.get("/channels").text


def test_the_list_asks_again_and_is_told_304_until_something_changes(
    desk: Any, hotline: Any
) -> None:
    desk.log_in("system_admin")
    first = desk.http.get("/channels", headers=LIVE)
    tag = {"If-None-Match": first.headers["ETag"]}
    assert "<html" not in first.text
    assert desk.http.get("/channels", headers=LIVE | tag).status_code == 304
    desk.send("/channels/hotline/pause", of="/channels")
    assert desk.http.get("/channels", headers=LIVE | tag).status_code == 200
