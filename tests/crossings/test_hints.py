"""A hint: both sides get it, it says a body and a stage, and nothing of either matter."""

import json
import uuid
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.crossings.hints import HintGiver
from minsheng.runtime.crypto import MasterKey


def test_one_matter_at_two_counties_is_hinted_to_both_and_names_the_other_body(
    here: Any, there: Any, words: Any, audit_of: Any
) -> None:
    own = here.contribute(words["first"])
    other = there.contribute(words["again"])
    mine, theirs = here.hint(), there.hint()
    assert (mine.id, mine.case, mine.body.code) == (theirs.id, own, there.code)
    assert (theirs.case, theirs.body.code) == (other, here.code)
    assert mine.state == "hinted"
    assert mine.stage == "received"
    assert mine.band in ("likely", "very_likely")
    for office in (here, there):
        assert audit_of(office.tenant_id, "crossing.hint") == 1
        assert audit_of(office.tenant_id, "crossing.contribute") == 1


def test_another_matter_of_the_same_citizen_is_passed_over_in_silence(
    here: Any, there: Any, words: Any, audit_of: Any
) -> None:
    here.contribute(words["first"])
    there.contribute(words["other"], "文化路早市占道经营")
    assert here.hints() == there.hints() == []
    assert audit_of(here.tenant_id, "crossing.hint") == 0


def test_a_telephone_without_the_matter_finds_nothing_out(
    here: Any, there: Any, words: Any
) -> None:
    here.contribute(words["first"])
    there.contribute("请问我以前反映的问题办到哪一步了？", "咨询进度")
    assert here.hints() == there.hints() == []


def test_offices_of_two_provinces_never_meet(
    here: Any, office: Any, office_of: Any, words: Any
) -> None:
    far = office("county", below=office("city", below=office("province")))
    here.contribute(words["first"])
    office_of(far).contribute(words["first"])
    assert here.hints() == []


def test_the_shared_row_holds_no_word_and_no_person_of_either_message(
    here: Any, there: Any, words: Any, service: Any, clock: Any
) -> None:
    taken = [(here, here.take_in(words["first"])[0]), (there, there.take_in(words["again"])[0])]
    clock.move(timedelta(minutes=7))
    for office, message_id in taken:
        service.contribute(office.tenant_id, message_id)
    met = here.hint().id
    with service.tools.database.owner_session() as session:
        (row,) = session.execute(
            text("select to_jsonb(c) from crossings c where id = :id"), {"id": met}
        ).scalars()
        kept = session.execute(
            text(
                "select to_jsonb(m) - array['plugin', 'kind', 'confidential', 'details',"
                " 'received_at', 'created_at', 'tenant_id', 'region', 'addressee'] as message,"
                " to_jsonb(k) - array['stage', 'tenant_id', 'region', 'state', 'version', 'round',"
                " 'reviews', 'secret', 'message_count', 'reply_state', 'due_estimated', 'paused']"
                " as matter"
                " from messages m join case_messages s on s.tenant_id = m.tenant_id"
                " and s.message_id = m.id join cases k on k.tenant_id = s.tenant_id"
                " and k.id = s.case_id where m.tenant_id = any(:ids)"
            ),
            {"ids": [here.tenant_id, there.tenant_id]},
        ).all()
    assert len(kept) == 2
    shared = json.dumps(row, ensure_ascii=False)
    views = [json.dumps(asdict(each), default=str, ensure_ascii=False) for each in here.hints()]
    compared = 0
    for message, matter in kept:
        other = message["id"] in _messages(service, there.tenant_id)
        for value in (*_texts(message), *(_texts(matter))):
            assert value not in shared
            compared += 1
            if other:
                assert all(value not in view for view in views), value
    assert compared > 20
    for word in ("13912345678", "5678", "欧阳听雨", "桂花苑", "电梯", "物业"):
        assert word not in shared


def _messages(service: Any, tenant_id: int) -> set[str]:
    with service.tools.database.owner_session() as session:
        asked = {"tenant": tenant_id}
        rows = session.scalars(text("select id from messages where tenant_id = :tenant"), asked)
        return {str(each) for each in rows}


def _texts(row: Any) -> list[str]:
    """Every value of some length, in whole and for texts in pieces of four characters."""
    found = []
    for value in row.values():
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if len(said) >= 6:
            found.append(said)
        if any("一" <= character <= "鿿" for character in said):
            found += [said[at : at + 4] for at in range(len(said) - 3)]
    return found


def test_what_the_other_side_may_read_of_the_codes_is_nothing(
    here: Any, there: Any, met: Any, service: Any
) -> None:
    """The service's login can add and remove its own codes and read none back."""
    for columns in ("*", "body", "phone", "keys"):
        with pytest.raises(Exception, match="permission denied"), _open(service, here) as session:
            session.execute(text(f"select {columns} from crossing_codes"))
    with _open(service, here) as session:
        seen = session.execute(text("select distinct tenant_id from crossing_codes")).scalars()
        assert list(seen) == [here.tenant_id]
        gone = session.execute(
            text("delete from crossing_codes where tenant_id = :other"), {"other": there.tenant_id}
        )
        assert gone.rowcount == 0


def test_pages_and_api_cannot_ask_across_offices_at_all(here: Any, met: Any, service: Any) -> None:
    asked = "select * from crossing_candidates(0, 1, 1, '{1}', null, null, '2026-01-01', 10)"
    with pytest.raises(Exception, match="permission denied"), _open(service, here) as session:
        session.execute(text(asked))
    with service.tools.database.work_session() as session:
        assert session.execute(text(asked)).all() == []


def _open(service: Any, office: Any) -> Any:
    return service.tools.database.session(office.tenant_id)


def test_what_was_hinted_once_is_not_hinted_again_even_by_another_message_of_the_case(
    here: Any, there: Any, met: Any, words: Any
) -> None:
    there.decline(met, "不是同一栋楼")
    there.contribute(words["again"])
    here.contribute(words["first"])
    assert [each.state for each in here.hints()] == ["declined"]


def test_an_office_gets_its_number_of_hints_a_day_and_the_rest_tomorrow(
    here: Any, there: Any, words: Any, service: Any, clock: Any
) -> None:
    service.giver = HintGiver(service.tools, per_day=1)
    other = words["other"], "文化路早市占道经营"
    here.contribute(words["first"])
    here.contribute(*other)
    there.contribute(words["again"])
    there.contribute(*other)
    assert len(here.hints()) == len(there.hints()) == 1
    service.work(there.tenant_id)
    assert len(there.hints()) == 1
    clock.move(timedelta(days=1))
    service.work(there.tenant_id)
    assert len(here.hints()) == len(there.hints()) == 2


def test_a_copy_that_another_office_handed_over_is_no_news(
    here: Any, there: Any, words: Any, service: Any
) -> None:
    here.contribute(words["first"])
    message_id, _ = there.take_in(words["again"])
    with service.tools.database.owner_session() as session:
        session.execute(
            text("update messages set plugin = 'handover' where id = :id"), {"id": message_id}
        )
    service.contribute(there.tenant_id, message_id)
    assert here.hints() == []


def test_cases_that_a_handover_joins_already_are_not_hinted(
    here: Any, there: Any, words: Any, service: Any
) -> None:
    asked: list[int] = []

    def passed(_session: Any, _case_id: uuid.UUID, other: int) -> bool:
        asked.append(other)
        return True

    service.giver = HintGiver(service.tools, passed=passed)
    here.contribute(words["first"])
    there.contribute(words["again"])
    assert here.hints() == []
    assert set(asked) <= {here.tenant_id, there.tenant_id}
    assert asked


def test_a_worker_that_ends_between_the_two_sides_leaves_nothing_to_be_seen(
    here: Any, there: Any, words: Any, service: Any, audit_of: Any
) -> None:
    here.contribute(words["first"])
    broken = _Ending(service.tools)
    service.giver = broken.giver
    with pytest.raises(_Ended):
        there.contribute(words["again"])
    assert here.hints() == there.hints() == []
    service.giver = HintGiver(service.tools)
    service.clock.move(timedelta(minutes=5))
    service.work(there.tenant_id)
    assert here.hint().id == there.hint().id
    assert audit_of(here.tenant_id, "crossing.hint") == 1


class _Ended(Exception):
    """The process is gone."""


class _Ending:
    """A giver of hints whose process ends once the other side's part is written."""

    def __init__(self, tools: Any) -> None:
        self.giver = _BreakingGiver(tools)


class _BreakingGiver(HintGiver):
    def _write_side(self, side: Any, crossing_id: uuid.UUID) -> None:
        super()._write_side(side, crossing_id)
        raise _Ended


def test_the_same_service_with_another_key_finds_nothing(
    here: Any, there: Any, words: Any, service: Any
) -> None:
    """The control of the first test: it is the key that makes codes meet."""
    here.contribute(words["first"])
    service.tools = replace(service.tools, master=MasterKey(b"another office's own machine 32b"))
    message_id, _ = there.take_in(words["again"])
    service.giver = HintGiver(service.tools)
    service.contribute(there.tenant_id, message_id)
    assert here.hints() == []
