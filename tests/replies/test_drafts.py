"""Writing a reply: versions, templates, the quality check, two people; each with its refusal."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from minsheng.accounts.service import NewUser, plant_user
from minsheng.audit import SYSTEM, Actor
from minsheng.cases.service import Wish
from minsheng.replies.service import (
    Filled,
    ReplyConflict,
    ReplyInvalid,
    ReplyNotFound,
    TwoPeople,
    VariableUndefined,
    VersionStale,
    Words,
    drop_draft,
    save_draft,
    send_back,
    set_template,
    start_draft,
    stop_writing,
    submit,
    write_on,
)

LI = Wish(Actor("user", "li.si"))
WANG = Wish(Actor("user", "wang.wu"))
GOOD = "您反映的3号楼电梯停运一事，维保单位已于11月18日更换主控板，现已恢复运行，费用由物业承担。"


@pytest.fixture
def number(bureau: Any, hotline: str, sample: Callable[..., Any]) -> str:
    bureau.put(hotline, [sample(3)])
    return str(bureau.cases()[0])


def test_a_reply_is_drafted_saved_reviewed_and_approved(bureau: Any, number: str) -> None:
    view = bureau.draft(number, "初稿")
    with bureau.session() as session:
        view = save_draft(session, bureau.tools, LI, view.id, view.version, Words(GOOD, "私下说明"))
        view = submit(session, bureau.tools, LI, view.id, view.version)
    assert (view.state, view.private_text, view.flags) == ("reviewing", "私下说明", [])
    view = bureau.approve(view)
    assert (view.state, view.official, view.approved_by) == ("approved", True, "user:wang.wu")
    assert (
        bureau.rows("select reply_state from cases where tenant_id = :tenant")[0][0] == "approved"
    )
    assert bureau.rows("select private_text from replies where tenant_id = :tenant")[0][0][:1] == (
        b"\x01"
    ), "the private text is sealed"


def test_whoever_saw_an_older_version_is_refused_with_both_texts(bureau: Any, number: str) -> None:
    view = bureau.draft(number, "初稿")
    with bureau.session() as session:
        save_draft(session, bureau.tools, LI, view.id, view.version, Words("李的稿"))
    with (
        pytest.raises(VersionStale, match="changed the reply meanwhile") as refused,
        bureau.session() as s,
    ):
        save_draft(s, bureau.tools, WANG, view.id, view.version, Words("王的稿"))
    assert refused.value.members["theirs"]["public_text"] == "李的稿"
    assert refused.value.members["yours"]["public_text"] == "王的稿"
    assert bureau.replies(number)[0].public_text == "李的稿"
    assert bureau.audited("reply.save", "refused: VersionStale") == 1


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (Words(""), "public_text"),
        (Words("  \n "), "public_text"),
        (Words("好" * 20_001), "public_text"),
        (Words(GOOD, "好" * 33_334 * 3), "private_text"),
        (Words("尊敬的{{称呼}}，电梯已修复"), "public_text"),
        (Words(GOOD, "请联系{{经办人}}"), "private_text"),
        (Words("赵3先生，您反映的电梯停运一事已经处理完毕，现已恢复运行"), "public_text"),
        (Words("请拨打13900000003与您联系，电梯一事已经处理完毕，现已恢复运行"), "public_text"),
    ],
)
def test_what_cannot_go_out_is_refused_before_approval_and_changes_nothing(
    bureau: Any, number: str, words: Words, field: str
) -> None:
    with pytest.raises(ReplyInvalid) as refused:
        bureau.review(number, words)
    assert refused.value.field == field
    assert bureau.count("replies", "state <> 'draft'") == 0
    assert bureau.count("audit_entries", "action like 'reply.%' and result like 'refused%'") == 1


def test_a_template_is_filled_and_a_variable_without_value_stops_it(
    bureau: Any, number: str
) -> None:
    tools = bureau.tools
    with bureau.session() as session:
        set_template(
            session, tools, LI, "done", "办结", "您反映的{{事项}}，{{单位}}已于11月18日处理。"
        )
    filled = Filled("done", {"事项": "槐河家园3号楼电梯停运一事"})
    with bureau.session() as session:
        view = start_draft(session, tools, LI, number, None, filled)
    assert view.public_text == "您反映的槐河家园3号楼电梯停运一事，{{单位}}已于11月18日处理。"
    with pytest.raises(VariableUndefined, match="单位"), bureau.session() as session:
        submit(session, tools, LI, view.id, view.version)
    with pytest.raises(ReplyNotFound, match="no template"), bureau.session() as session:
        start_draft(session, tools, LI, number, None, Filled("nowhere"))
    with pytest.raises(ReplyInvalid, match="written"), bureau.session() as session:
        set_template(session, tools, LI, "bad", "坏", "您的{{ 诉 求 }}")
    assert bureau.audited("reply.draft", "refused: ReplyNotFound") == 1


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (GOOD, []),
        (
            "您好，您反映的问题已收悉，我们将尽快转有关部门处理，感谢您的支持！",
            ["vague", "template_only"],
        ),
        (GOOD + "近期将复查。", ["vague"]),
    ],
)
def test_vague_words_and_phrases_are_flagged_and_do_not_stop_it(
    bureau: Any, number: str, text: str, codes: list[str]
) -> None:
    view = bureau.review(number, text)
    assert [flag["code"] for flag in view.flags] == codes
    assert bureau.approve(view).official


def test_who_wrote_it_may_not_approve_it_where_two_have_the_right(bureau: Any, number: str) -> None:
    view = bureau.review(number)
    tools = bureau.tools
    with tools.database.operator_session(bureau.tenant_id) as session:
        for name in ("li.si", "wang.wu"):
            plant_user(session, tools, SYSTEM, NewUser(name, "某人", ("reviewer",)))
    with pytest.raises(TwoPeople, match="another person"):
        bureau.approve(view, LI)
    assert bureau.approve(view, WANG).official


def test_where_one_person_does_all_it_may_approve_its_own(bureau: Any, number: str) -> None:
    assert bureau.approve(bureau.review(number), LI).official


def test_a_reply_is_sent_back_with_a_reason_and_a_draft_can_be_dropped(
    bureau: Any, number: str
) -> None:
    view, tools = bureau.review(number), bureau.tools
    with pytest.raises(ReplyInvalid, match="what is to be changed"), bureau.session() as session:
        send_back(session, tools, WANG, view.id, view.version)
    with bureau.session() as session:
        wish = Wish(WANG.actor, "请写明完成时间")
        view = send_back(session, tools, wish, view.id, view.version)
    assert (view.state, view.note) == ("draft", "请写明完成时间")
    with pytest.raises(ReplyConflict, match="draft"):
        bureau.approve(view)
    with bureau.session() as session:
        view = drop_draft(session, tools, LI, view.id, view.version)
    with pytest.raises(ReplyConflict, match="dropped"), bureau.session() as session:
        save_draft(session, tools, LI, view.id, view.version, Words("再写"))


def test_who_else_writes_is_told_and_forgotten_when_the_heartbeat_ends(
    bureau: Any, number: str
) -> None:
    tools = bureau.tools
    with bureau.session() as session:
        assert write_on(session, tools, LI, number) == []
        assert write_on(session, tools, WANG, number) == ["user:li.si"]
        stop_writing(session, WANG, number)
        assert write_on(session, tools, LI, number) == []
        write_on(session, tools, WANG, number)
    bureau.clock.move(timedelta(seconds=91))
    with bureau.session() as session:
        assert write_on(session, tools, LI, number) == []
