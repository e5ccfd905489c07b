"""Re-inspection: the same seed draws the same cases, others look at them, history is kept."""

from datetime import timedelta
from typing import Any

import pytest

from minsheng.audit import Actor
from minsheng.cases.service import CaseNotFound, Wish
from minsheng.citizens.service import (
    Draw,
    OwnInspection,
    SampleInvalid,
    SampleNotFound,
    draw_sample,
    list_samples,
    record_inspection,
    sample_view,
)

PLACES = ("和平", "解放", "建设", "胜利", "幸福", "光明", "新华", "东风", "友谊", "团结")
PLACES += ("朝阳", "育才")


@pytest.fixture
def closed(county: Any) -> list[str]:
    """Twelve cases closed within two days; their numbers."""
    tickets = []
    for at, place in enumerate(PLACES):
        said = f"{place}路{at + 3}盏路灯全灭了，晚上看不清，请派人来修。"
        phone = f"139{at:08d}"
        tickets.append(county.submit(subject=f"{place}路的路灯不亮", body=said, phone=phone))
    county.match()
    numbers = [county.number_of(each.message_id) for each in tickets]
    for at, number in enumerate(numbers):
        county.close(number, county.tools.clock.now() + timedelta(hours=4 * at))
    return numbers


def draw(county: Any, seed: str = "2026-11", **wish: Any) -> Any:
    now = county.tools.clock.now()
    given: dict[str, Any] = {"since": now, "until": now + timedelta(days=2), "count": 4}
    with county.session() as session:
        return draw_sample(session, county.tools, county.wish(), Draw(seed=seed, **given | wish))


def record(county: Any, sample: Any, number: str, result: str, who: str = "zhao") -> Any:
    with county.session() as session:
        wish = Wish(Actor("user", who))
        return record_inspection(
            session, county.tools, wish, sample.id, number, result, "现场看过，灯亮了。"
        )  # fmt: skip


def test_feature_f3_the_same_seed_draws_the_same_cases(county: Any, closed: list[str]) -> None:
    first, second = draw(county), draw(county)
    chosen = [each.number for each in first.cases]
    assert (first.population, first.drawn, len(set(chosen))) == (12, 4, 4)
    assert [each.number for each in second.cases] == chosen
    others = {tuple(each.number for each in draw(county, str(seed)).cases) for seed in range(5)}
    assert len(others) > 1, "another seed draws others"
    assert [each.number for each in draw(county, count=12).cases][:4] == chosen
    assert draw(county, count=None, share=0.3).drawn == 4, "a third of twelve, rounded up"
    with county.session() as session:
        assert len(list_samples(session)) == 9


def test_feature_f3_a_reopened_case_keeps_its_history(county: Any, closed: list[str]) -> None:
    sample = draw(county)
    number = sample.cases[0].number
    before = county.ask("select count(*) from case_events")[0][0]
    seen = record(county, sample, number, "reopened")
    assert (seen.cases[0].result, seen.cases[0].looked_by, seen.cases[0].round) == (
        "reopened", "zhao", 1,
    )  # fmt: skip
    (row,) = county.ask("select round, closed_at from cases where number = :n", n=number)
    assert (row.round, row.closed_at) == (2, None)
    assert county.ask("select count(*) from case_events")[0][0] >= before + 2
    record(county, sample, sample.cases[1].number, "sound")
    (row,) = county.ask("select round from cases where number = :n", n=sample.cases[1].number)
    assert row.round == 1


def test_who_handled_a_case_does_not_look_at_it_again(county: Any, closed: list[str]) -> None:
    sample = draw(county)
    number = sample.cases[0].number
    county.run("update cases set handler = 'zhao' where number = :n", n=number)
    with pytest.raises(OwnInspection):
        record(county, sample, number, "sound")
    assert record(county, sample, number, "sound", "qian").cases[0].looked_by == "qian"
    with pytest.raises(SampleInvalid):
        record(county, sample, number, "flawed", "sun")


def test_what_was_not_drawn_or_cannot_be_drawn_is_refused(county: Any, closed: list[str]) -> None:
    sample = draw(county)
    left = next(each for each in closed if each not in {case.number for case in sample.cases})
    with pytest.raises(SampleNotFound):
        record(county, sample, left, "sound")
    with pytest.raises(CaseNotFound):
        record(county, sample, "X-20261120-99999", "sound")
    with pytest.raises(SampleInvalid):
        record(county, sample, sample.cases[0].number, "fine")
    now = county.tools.clock.now()
    for wrong in ({"count": 0}, {"share": 0.5}, {"count": None}, {"count": None, "share": 1.5},
                  {"until": now}, {"seed": " "}):  # fmt: skip
        with pytest.raises(SampleInvalid):
            draw(county, **wrong)


def test_a_secret_case_is_drawn_and_shown_for_few(county: Any, closed: list[str]) -> None:
    county.run("update cases set secret = true where number = :n", n=closed[0])
    assert draw(county, count=12).population == 11
    now = county.tools.clock.now()
    wanted = Draw(now, now + timedelta(days=2), "x", count=12)
    with county.session() as session:
        few = draw_sample(session, county.tools, county.wish(confidential=True), wanted)
        assert len(few.cases) == 12
        assert len(sample_view(session, few.id).cases) == 11
