"""Moments as people say them, on the clock of the offices (UTC+8)."""

from datetime import UTC, datetime, timedelta

from flask import Flask
from flask_babel import Babel

from minsheng.faces.web import times

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


def _say(moment: datetime) -> str:
    app = Flask("words")
    Babel(app, default_locale="zh")
    with app.test_request_context():
        return times.spoken(moment, NOW, "zh")


def test_today_and_yesterday_have_the_clock_and_older_days_the_date() -> None:
    assert _say(datetime(2026, 11, 22, 7, 20, tzinfo=UTC)) == "今天 15:20"
    assert _say(datetime(2026, 11, 21, 1, 5, tzinfo=UTC)) == "昨天 09:05"
    assert _say(datetime(2026, 9, 25, 1, 5, tzinfo=UTC)) == "9月25日 周五"
    assert _say(datetime(2024, 9, 27, 1, 5, tzinfo=UTC)) == "2024年9月27日"


def test_the_day_changes_at_midnight_in_beijing_not_in_greenwich() -> None:
    assert _say(datetime(2026, 11, 21, 16, 0, tzinfo=UTC)) == "今天 00:00"
    assert _say(datetime(2026, 11, 21, 15, 59, tzinfo=UTC)) == "昨天 23:59"


def test_a_moment_to_come_and_one_without_zone_are_said_too() -> None:
    assert _say(NOW + timedelta(days=2)) == "11月24日 周二"
    assert _say(datetime(2026, 11, 22, 7, 20)) == "今天 15:20"  # noqa: DTZ001 - that is the point


def test_sizes_and_spans_are_short() -> None:
    app = Flask("words")
    Babel(app, default_locale="zh")
    with app.test_request_context():
        spans = [times.lasting(seconds) for seconds in (0.84, 2, 60, 300, 3600, 7200)]
    assert spans == ["0.8 秒", "2 秒", "60 秒", "5 分钟", "1 小时", "2 小时"]
    assert [times.size(count) for count in (812, 4_200, 1_500_000)] == ["812 B", "4.2 KB", "1.5 MB"]
