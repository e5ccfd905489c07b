"""Rating, the review that a low one opens, another round, and ratings that channels write back."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from minsheng.audit import Actor
from minsheng.cases.service import Wish
from minsheng.citizens.service import (
    Findings,
    OriginNotFound,
    RatingRefused,
    ReopenRefused,
    ReviewClosed,
    ReviewNotFound,
    Scores,
    SubmissionInvalid,
    close_review,
    list_reviews,
    rate,
    ratings_of,
    reopen,
    set_portal,
    take_rating,
    tracked,
)
from minsheng.handling import service as handling
from minsheng.intake.service import ChannelNotFound
from minsheng_sdk import ParsedMessage

FOUND = Findings("承办人没有上门就回复", "住建局物业科", "重新上门检修并回访")
BOARD = Actor("client", "board")


@pytest.fixture
def answered(county: Any) -> Any:
    """A citizen's visit to a case that is closed; its number stands on the county."""
    ticket = county.submit()
    county.match()
    county.number = county.number_of(ticket.message_id)
    county.close(county.number)
    return county.track(ticket.code)


def reviews(county: Any, state: str = "") -> list[Any]:
    with county.session() as session:
        return list(list_reviews(session, state=state))


def ask_again(county: Any, visit: Any, secret: str, reason: str = "电梯第二天又停了。") -> bool:
    with county.session() as session:
        return bool(reopen(session, county.tools, "10.0.0.1", visit, secret, reason))


def test_a_rating_stands_once_a_round_and_may_be_changed_for_a_while(
    county: Any, answered: Any
) -> None:
    assert not county.rate(answered, 4).low
    county.clock.move(timedelta(days=6))
    changed = county.rate(answered, 3)
    assert (changed.solved, changed.rated_at < changed.changed_at) == (3, True)
    county.clock.move(timedelta(days=2))
    with pytest.raises(RatingRefused):
        county.rate(answered, 5)
    with county.session() as session:
        assert [each.solved for each in ratings_of(session, county.number)] == [3]


def test_nothing_is_rated_before_it_is_answered(county: Any) -> None:
    ticket = county.submit()
    visit = county.track(ticket.code)
    with pytest.raises(RatingRefused):
        county.rate(visit, 5)
    county.match()
    with pytest.raises(RatingRefused):
        county.rate(visit, 5)
    county.answer(county.number_of(ticket.message_id), "已修好。")
    assert county.rate(visit, 5).solved == 5


@pytest.mark.parametrize("marks", [(0, 5, 5), (6, 5, 5), (5, None, 5)])
def test_marks_go_from_one_to_five_and_all_are_asked(
    county: Any, answered: Any, marks: Any
) -> None:
    with pytest.raises(SubmissionInvalid):
        county.rate(answered, *marks)
    assert county.rate(answered, 1, 5, 5).low


def test_feature_f4_a_low_rating_opens_exactly_one_review_closed_with_words(
    county: Any, answered: Any
) -> None:
    county.rate(answered, 5, 5, 2)
    for solved in (1, 4, 2):
        county.rate(answered, solved)
    (review,) = reviews(county)
    assert (review.case, review.state, review.solved) == (county.number, "open", 2)
    with county.session() as session, pytest.raises(SubmissionInvalid):
        close_review(session, county.tools, county.wish(), review.id, Findings("不知", "x", ""))
    with county.session() as session:
        closed = close_review(session, county.tools, county.wish(), review.id, FOUND)
    assert (closed.state, closed.cause, closed.closed_by) == ("closed", FOUND.cause, "wang")
    with county.session() as session, pytest.raises(ReviewClosed):
        close_review(session, county.tools, county.wish(), review.id, FOUND)
    county.rate(answered, 1)
    assert [each.state for each in reviews(county)] == ["closed"]
    with county.session() as session, pytest.raises(ReviewNotFound):
        close_review(session, county.tools, county.wish(), answered.message_id, FOUND)


def test_feature_f4_five_low_ratings_at_once_are_one_review(county: Any, answered: Any) -> None:
    ready, faults = threading.Barrier(5), []

    def press() -> None:
        ready.wait()
        try:
            county.rate(answered, 1)
        except Exception as fault:  # noqa: BLE001  a thread's fault is told by the test
            faults.append(fault)

    threads = [threading.Thread(target=press) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(reviews(county)) == 1


def test_the_office_says_what_is_low(county: Any, answered: Any) -> None:
    with county.session() as session:
        set_portal(session, county.tools, county.wish(), {"low_at": 1})
    county.rate(answered, 2)
    assert reviews(county) == []
    county.rate(answered, 1)
    assert len(reviews(county)) == 1


def test_a_review_of_a_complaint_about_the_office_is_for_few(county: Any, answered: Any) -> None:
    county.rate(answered, 1)
    county.run("update cases set secret = true")
    assert reviews(county) == []
    with county.session() as session:
        assert len(list_reviews(session, county.wish(confidential=True).sight)) == 1


def test_the_words_of_a_rating_bear_no_numbers(county: Any, answered: Any) -> None:
    with county.session() as session:
        said = Scores(5, 5, 5, "打13800139001找我\u202e<b>")
        given = rate(session, county.tools, "10.0.0.1", answered, said)
    assert given.words == "打〔电话〕找我<b>"


def test_a_case_is_taken_up_again_once_with_a_reason(county: Any, answered: Any, key: Any) -> None:
    county.rate(answered, 1)
    secret = key()
    with pytest.raises(SubmissionInvalid):
        ask_again(county, answered, key(), " ")
    assert ask_again(county, answered, secret)
    assert not ask_again(county, answered, secret), "the same form again is no second wish"
    (row,) = county.ask("select round, closed_at, reply_state from cases")
    assert (row.round, row.closed_at, row.reply_state) == (2, None, "none")
    county.match()
    assert county.ask("select message_count from cases")[0][0] == 2
    with county.session() as session:
        shown = tracked(session, county.tools, answered)
    assert (shown.round, shown.may_rate, shown.may_reopen, shown.rated) == (2, False, False, None)
    county.close(county.number)
    with pytest.raises(ReopenRefused):
        ask_again(county, answered, key())
    county.rate(answered, 5)
    with county.session() as session:
        rounds = [(each.round, each.solved) for each in ratings_of(session, county.number)]
    assert rounds == [(1, 1), (2, 5)]


def test_what_is_open_or_long_closed_is_not_taken_up_again(county: Any, key: Any) -> None:
    ticket = county.submit()
    county.match()
    visit = county.track(ticket.code)
    with pytest.raises(ReopenRefused):
        ask_again(county, visit, key())
    county.close(county.number_of(ticket.message_id))
    county.clock.move(timedelta(days=31))
    with pytest.raises(ReopenRefused):
        ask_again(county, visit, key())
    assert county.ask("select count(*) from messages")[0][0] == 1, "a refused wish leaves nothing"


def board_letter(county: Any) -> str:
    parsed = ParsedMessage("9024562", "和平路下水道", "和平路12号院下水道堵了三天。",
                           county.tools.clock.now())  # fmt: skip
    message_id = county.arrive(parsed, "leaders_board")
    county.match()
    number: str = county.number_of(message_id)
    return number


def take(county: Any, solved: int, after: float, external_id: str = "9024562") -> Any:
    at = county.tools.clock.now() + timedelta(hours=after)
    with county.session() as session:
        scores = Scores(solved=solved, speed=4)
        return take_rating(
            session, county.tools, BOARD, "leaders-board", external_id, scores, at
        )  # fmt: skip


def test_a_rating_written_back_by_a_channel_counts_and_opens_its_review(county: Any) -> None:
    number = board_letter(county)
    county.close(number)
    given = take(county, 2, 1)
    assert (given.source, given.solved, given.manner, given.low) == ("leaders_board", 2, None, True)
    take(county, 2, 1)
    assert take(county, 5, 0.5).solved == 2, "an older word does not replace a newer one"
    assert take(county, 4, 2).solved == 4
    assert len(reviews(county)) == 1
    with pytest.raises(OriginNotFound):
        take(county, 5, 1, "nobody's")
    with county.session() as session, pytest.raises(ChannelNotFound):
        take_rating(session, county.tools, BOARD, "x", "9024562", Scores(1), county.clock.now())
    with county.session() as session, pytest.raises(SubmissionInvalid):
        take_rating(
            session, county.tools, BOARD, "leaders-board", "9024562", Scores(), county.clock.now()
        )


def test_a_rating_of_the_first_round_that_comes_late_stays_with_it(county: Any) -> None:
    number = board_letter(county)
    county.close(number)
    county.clock.move(timedelta(days=1))
    with county.session() as session:
        wish = Wish(Actor("user", "wang"), "群众来电不满意")
        handling.reopen(session, county.tools, wish, number)
    assert take(county, 1, -20).round == 1
    assert take(county, 5, 1).round == 2


def test_marks_that_a_plugin_brings_with_the_message_are_taken(county: Any) -> None:
    extra = {"rated_solved": "1", "rated_manner": "5", "rated_speed": "nine"}
    parsed = county.letter("<r@example.org>", "和平路12号院下水道堵了三天。", extra=extra)
    message_id = county.arrive(parsed)
    county.match()
    with county.session() as session:
        (given,) = ratings_of(session, county.number_of(message_id))
    assert (given.solved, given.manner, given.speed, given.source) == (1, 5, None, "mailbox")
    assert len(reviews(county)) == 1
