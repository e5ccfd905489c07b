"""What everybody may read, and who says 我也遇到: never secret, never personal, counted once."""

from typing import Any

import pytest

from minsheng.cases.service import CaseNotFound
from minsheng.citizens.service import (
    MatterNotFound,
    PortalInvalid,
    PublicationRefused,
    Submission,
    SubmissionInvalid,
    cosign,
    find_matter,
    list_matters,
    publish,
    set_portal,
    similar_matters,
    unpublish,
)


def show(county: Any, number: str, subject: str = "枣园路3号院电梯停运") -> Any:
    with county.session() as session:
        return publish(session, county.tools, county.wish(), number, subject)


def listed(county: Any) -> list[str]:
    with county.session() as session:
        return [each.subject for each in list_matters(session).items]


def similar(county: Any, typed: str) -> list[str]:
    with county.session() as session:
        return [each.subject for each in similar_matters(session, typed)]


@pytest.fixture
def number(county: Any) -> str:
    """A case of the portal."""
    county.first = county.submit()
    county.match()
    found: str = county.number_of(county.first.message_id)
    return found


def also(county: Any, matter: Any, secret: str, phone: str = "13800138222") -> Any:
    form = Submission(secret, matter.subject, "我家也是。", "周小川", phone)
    with county.session() as session:
        _shown, anchor = find_matter(session, matter.id)
        return cosign(session, county.tools, "10.0.0.1", anchor, form)


def test_only_what_an_officer_published_is_read_by_everybody(county: Any, number: str) -> None:
    assert listed(county) == []
    assert similar(county, "枣园路3号院电梯停运") == []
    county.answer(number, "电梯已修好。", "赔您三百元。")
    shown = show(county, number)
    assert (shown.answer, shown.met) == ("电梯已修好。", 0)
    assert listed(county) == ["枣园路3号院电梯停运"]
    assert show(county, number, "枣园路3号院电梯停运维修").id == shown.id
    with county.session() as session:
        unpublish(session, county.tools, county.wish(), number)
    assert listed(county) == []
    with county.session() as session, pytest.raises(MatterNotFound):
        unpublish(session, county.tools, county.wish(), number)
    with county.session() as session, pytest.raises(MatterNotFound):
        find_matter(session, shown.id)


@pytest.mark.parametrize(
    "typed", ["枣园路3号院的电梯停了", "枣園路3號院電梯壞了", "３号院电梯停运"]
)
def test_a_matter_like_what_is_typed_is_found(county: Any, number: str, typed: str) -> None:
    show(county, number)
    assert similar(county, typed) == ["枣园路3号院电梯停运"]
    for other in ("解放路路灯不亮", "电", "", "🚧", "<script>", "医保报销比例怎么算"):
        assert similar(county, other) == []


def test_a_secret_or_confidential_matter_is_shown_to_nobody(county: Any, number: str) -> None:
    show(county, number)
    for column in ("cases set secret", "messages set confidential"):
        county.run(f"update {column} = true")
        assert listed(county) == []
        assert similar(county, "枣园路3号院电梯停运") == []
        with pytest.raises((PublicationRefused, CaseNotFound)):
            show(county, number)
        county.run(f"update {column} = false")
    assert listed(county)


def test_a_public_subject_names_no_number_and_says_something(county: Any, number: str) -> None:
    with pytest.raises(PublicationRefused):
        show(county, number, "请打13800139001找我说电梯")
    for subject in ("", "电梯", "长" * 101):
        with pytest.raises(SubmissionInvalid):
            show(county, number, subject)
    assert show(county, number, "枣园路<b>\u202e电梯").subject == "枣园路<b>电梯"


def test_a_co_signer_joins_the_case_as_an_origin_and_counts_once(
    county: Any, number: str, key: Any
) -> None:
    matter = show(county, number)
    secret = key()
    first, same = also(county, matter, secret), also(county, matter, secret)
    assert (first.created, same.created, first.code) == (True, False, same.code)
    again = also(county, matter, key())
    assert again.created, "nobody learns from a code whether a telephone has co-signed"
    also(county, matter, key(), "13800138333")
    county.match()
    for ticket in (first, again):
        assert county.number_of(ticket.message_id) == number
    with county.session() as session:
        assert find_matter(session, matter.id)[0].met == 2
    kinds = {row.kind for row in county.ask("select kind from linked_messages")}
    assert kinds == {"cosign"}
    assert county.track(first.code, "8222").message_id == first.message_id
    with pytest.raises(SubmissionInvalid):
        also(county, matter, key(), "110")


def test_the_list_goes_on_page_by_page(county: Any) -> None:
    subjects = []
    for at, place in enumerate(["和平", "解放", "建设", "胜利", "幸福"]):
        said = f"{place}路的路灯全灭了，请派人来修。"
        phone = f"139{at:08d}"
        ticket = county.submit(subject=f"{place}路路灯不亮", body=said, phone=phone)
        county.match()
        show(county, county.number_of(ticket.message_id), f"{place}路路灯不亮")
        subjects.append(f"{place}路路灯不亮")
    seen, cursor = [], ""
    with county.session() as session:
        for _ in range(3):
            page = list_matters(session, cursor, 2)
            seen += [each.subject for each in page.items]
            cursor = page.next_cursor
        assert cursor == ""
        assert sorted(seen) == sorted(subjects)
        assert len(list_matters(session, "no cursor of ours").items) == 5
        assert list_matters(session, answered=True).items == []


def test_a_colour_that_cannot_be_read_is_refused(county: Any) -> None:
    wrong = [("accent", "#ffcc00"), ("accent_dark", "#1c4f93"), ("accent", "red"), ("low_at", 5)]
    for name, value in (*wrong, ("rate_days", 0), ("name", "名" * 41), ("colour", "x")):
        with county.session() as session, pytest.raises(PortalInvalid) as refused:
            set_portal(session, county.tools, county.wish(), {name: value})
        assert refused.value.field == name
    with county.session() as session:
        kept = set_portal(
            session, county.tools, county.wish(), {"accent": "#8a1c1c", "accent_dark": "#f3a199"}
        )
    assert (kept.accent, kept.low_at) == ("#8a1c1c", 2)
