"""Each decision with its refusal beside it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

from minsheng_dedupe import Match, Matcher, MatcherConfig, MemoryStore, Record

Letter = Callable[..., Record]
Answer = Callable[[Record, Record], Match | None]


def _decision(match: Match | None) -> str:
    return match.decision if match else "none"


def test_the_same_letter_of_one_telephone_is_joined(letter: Letter, answer: Answer) -> None:
    assert _decision(answer(letter(), letter(channel="hotline_12345"))) == "same"


def test_the_same_letter_of_another_telephone_goes_to_an_officer(
    letter: Letter, answer: Answer
) -> None:
    match = answer(letter(), letter(phone_ix=b"phone-b"))
    assert match is not None
    assert match.decision == "review"
    assert any(r.veto and r.code == "citizen.other_phone" for r in match.reasons)


def test_the_same_letter_of_nobody_known_goes_to_an_officer(letter: Letter, answer: Answer) -> None:
    anonymous = letter(phone_ix=b"", name_ix=b"")
    assert _decision(answer(anonymous, anonymous)) == "review"


def test_a_mail_address_joins_and_another_one_does_not(letter: Letter, answer: Answer) -> None:
    mail = letter(phone_ix=b"", email_ix=b"a@", channel="mailbox")
    assert _decision(answer(mail, mail)) == "same"
    assert _decision(answer(mail, replace(mail, email_ix=b"b@"))) == "review"


def test_a_name_joins_one_text_but_not_a_similar_one(letter: Letter, answer: Answer) -> None:
    named = letter(phone_ix=b"")
    assert _decision(answer(named, named)) == "same"
    rewritten = replace(
        named,
        body="锦绣花园小区3号楼2单元两部电梯先后停运，物业说等待配件，一直没有人来维修。"
        "老人每天爬楼梯买菜看病很困难，已经打过很多次电话，现在连告示都撕掉了，也不知道要等到哪一天。",
    )
    assert _decision(answer(named, rewritten)) == "review"


def test_a_name_does_not_join_what_others_copied(letter: Letter) -> None:
    matcher = Matcher(None, MemoryStore())
    matcher.add(letter(phone_ix=b""))
    assert matcher.match(letter(message_id="x", phone_ix=b""))[0].decision == "same"
    matcher.add(letter(message_id="copy", phone_ix=b"", name_ix=b"name-b"))
    best = matcher.match(letter(message_id="x", phone_ix=b""))[0]
    assert best.decision == "review"
    assert "text.circulating" in {r.code for r in best.reasons}


def test_one_text_about_another_building_is_never_joined(letter: Letter, answer: Answer) -> None:
    moved = letter(
        subject=letter().subject.replace("3号楼", "5号楼"),
        body=letter().body.replace("3号楼", "5号楼"),
    )
    assert _decision(answer(letter(), moved)) == "related"


def test_one_text_about_another_estate_goes_to_an_officer(letter: Letter, answer: Answer) -> None:
    moved = letter(
        subject=letter().subject.replace("锦绣花园", "翠湖花园"),
        body=letter().body.replace("锦绣花园", "翠湖花园"),
    )
    assert _decision(answer(letter(), moved)) == "review"
    assert _decision(answer(letter(), replace(moved, phone_ix=b"p", name_ix=b"n"))) == "related"


def test_another_amount_in_one_text_goes_to_an_officer(letter: Letter, answer: Answer) -> None:
    paid = letter(body=letter().body + "每户被收取维修费300元。")
    assert _decision(answer(paid, paid)) == "same"
    more = replace(paid, body=paid.body.replace("300元", "500元"))
    assert _decision(answer(paid, more)) == "review"


def test_praise_is_not_joined_to_a_complaint(letter: Letter, answer: Answer) -> None:
    complaint, praise = letter(subject="投诉物业维修电梯"), letter(subject="表扬物业维修电梯")
    assert _decision(answer(complaint, complaint)) == "same"
    assert _decision(answer(complaint, praise)) == "related"


def test_the_same_letter_after_two_years_goes_to_an_officer(letter: Letter, answer: Answer) -> None:
    late = letter(received_at=letter().received_at + timedelta(days=730))
    assert _decision(answer(letter(), late)) == "review"


def test_another_problem_of_one_citizen_is_related(letter: Letter, answer: Answer) -> None:
    other = letter(
        subject="咨询居住证办理",
        body="请问外地户口在本市办理居住证需要准备哪些材料，多久可以领取？",
    )
    assert _decision(answer(letter(), other)) == "related"
    stranger = replace(other, phone_ix=b"phone-b", name_ix=b"name-b")
    assert answer(letter(), stranger) is None


def test_a_clerks_frame_does_not_hide_the_repeat(letter: Letter, answer: Answer) -> None:
    framed = letter(
        channel="hotline_12345",
        subject="【投诉】" + letter().subject,
        body="工单编号：SD20260302\n诉求人：张先生\n联系电话：〔电话〕\n来电人反映："
        + letter().body
        + "\n请相关部门核实处理并回复诉求人。",
    )
    assert _decision(answer(letter(), framed)) == "same"


def test_different_citizens_with_near_equal_text_are_never_joined(letter: Letter) -> None:
    """`reliability.md` L8: dedupe as a weapon."""
    random, matcher = Random(8), Matcher(None, MemoryStore())
    words = letter().body
    for i in range(300):
        cut = random.randrange(len(words) - 4)
        copy = letter(
            message_id=f"m{i}",
            body=words[:cut] + words[cut + random.randrange(4) :],
            phone_ix=f"p{i}".encode(),
            name_ix=f"n{i}".encode(),
        )
        (matches,) = matcher.arrive([copy])
        assert "same" not in {m.decision for m in matches}, "seed 8"


def test_a_higher_bar_is_kept(letter: Letter) -> None:
    matcher = Matcher(MatcherConfig(same_score=1.1), MemoryStore())
    matcher.add(letter())
    assert matcher.match(letter(message_id="x"))[0].decision == "review"


def test_answers_are_best_first_and_at_most_twenty(letter: Letter) -> None:
    matcher = Matcher(None, MemoryStore())
    for i in range(30):
        matcher.add(letter(message_id=f"m{i:02}"))
    matches = matcher.match(letter(message_id="x"))
    assert len(matches) == 20
    order = {"same": 0, "review": 1, "related": 2, "different": 3}
    ranks = [(order[m.decision], -m.score, m.message_id) for m in matches]
    assert ranks == sorted(ranks)


def _named(match: Match | None) -> set[str]:
    return {r.code for r in match.reasons} if match else set()


def test_an_account_with_a_fitting_surname_fits_a_name_and_another_does_not(
    letter: Letter, answer: Answer
) -> None:
    account = letter(phone_ix=b"", name_ix=b"account", surname_ix=b"wang")
    person = letter(channel="mailbox", phone_ix=b"p", name_ix=b"person", surname_ix=b"wang")
    assert "citizen.surname" in _named(answer(account, person))
    other = replace(person, surname_ix=b"li")
    assert "citizen.other_name" in _named(answer(account, other))
    unsaid = replace(account, surname_ix=b"")
    assert not {"citizen.surname", "citizen.other_name"} & _named(answer(unsaid, person))


def test_one_surname_under_two_full_names_is_told(letter: Letter, answer: Answer) -> None:
    one = letter(channel="mailbox", phone_ix=b"", surname_ix=b"wang")
    assert "citizen.namesake" in _named(answer(one, replace(one, name_ix=b"name-b")))
    assert "citizen.namesake" not in _named(answer(one, one))


def test_a_letter_that_seconds_others_says_so(letter: Letter, answer: Answer) -> None:
    seconding = letter(body="我也是这个小区的。" + letter().body, phone_ix=b"", name_ix=b"b")
    assert "voice.seconding" in _named(answer(letter(), seconding))
    assert "voice.seconding" not in _named(answer(seconding, letter()))
