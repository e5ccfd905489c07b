"""Every matched message is counted when it happens: joined, asked about, related, capped."""

from datetime import timedelta
from random import Random
from typing import Any

from minsheng.cases.match_figures import Precision

LI, WANG = {"phone": "13800131111", "name": "李明"}, {"phone": "13800132222", "name": "王芳"}


def total(desk: Any, **days: str) -> dict[str, Any]:
    figures: dict[str, Any] = desk.api.get("/matching/figures", **days).json["total"]
    return figures


def test_figures_tell_what_became_of_each_message(desk: Any) -> None:
    assert total(desk)["review_share"] is None
    desk.send(**LI)
    desk.send(**LI)
    desk.send(**WANG)
    desk.send("龙门路口的红绿灯早高峰不亮，请交警尽快修复。", **WANG)
    counted = total(desk)
    assert (counted["messages"], counted["joined"], counted["to_review"]) == (4, 1, 1)
    assert counted["review_share"] == 25.0
    assert counted["capped"] == 0
    figures = desk.api.get("/matching/figures").json
    assert list(figures["by_algorithm"].values()) == [counted]


def test_a_message_of_which_something_was_left_out_is_counted_once(desk: Any) -> None:
    phones = [f"1380013{number:04d}" for number in range(7)]
    desk.post(*(desk.message(phone=phone) for phone in phones))
    counted = total(desk)
    assert counted["to_review"] == 6
    assert counted["capped"] == 1, "the seventh has six others, five of which are shown"


def test_candidates_that_were_not_compared_are_counted_though_nothing_is_shown(desk: Any) -> None:
    random = Random(1)

    def words(count: int) -> str:
        return "".join(chr(0x4E00 + random.randrange(5000)) for _ in range(count))

    shared = words(30)
    letters = [words(40) + shared + words(40) for _ in range(24)]
    desk.post(*(desk.message(letter, f"1380013{at:04d}") for at, letter in enumerate(letters)))
    counted = total(desk)
    assert (counted["joined"], counted["to_review"], counted["related"]) == (0, 0, 0)
    assert counted["capped"] >= 1, "seed 1: the last shares rare codes with more than twenty"


def test_figures_are_of_the_days_that_are_asked_for(desk: Any, process: Any) -> None:
    desk.send(**LI)
    today = process.tools.clock.now()
    before = {"until": f"{today - timedelta(days=2):%Y-%m-%d}"}
    assert total(desk, **before)["messages"] == 0
    assert total(desk, since=f"{today:%Y-%m-%d}")["messages"] == 1


def test_figures_of_another_office_are_its_own(desk: Any, desk_of: Any, office: Any) -> None:
    desk.send(**LI)
    assert total(desk_of(office()))["messages"] == 0


def test_precision_has_the_interval_that_wilson_gives() -> None:
    # Wilson's interval of 81 out of 263 is 25.5 to 36.6 percent (Newcombe 1998, table I).
    measured = Precision.of(81, 263 - 81)
    assert (round(measured.low or 0, 1), round(measured.high or 0, 1)) == (25.5, 36.6)
    assert Precision.of(0, 0).share is None
