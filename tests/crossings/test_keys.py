"""Keys: what a guesser finds without them, how they turn, and what becomes of old codes."""

import json
import random
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.crossings.coding import Contact, blind, encode
from minsheng.crossings.contributing import Coder
from minsheng.crossings.keyring import KEEP, ProvincialKeys
from minsheng.crossings.service import KeyRingUnfit, rotate_keys
from minsheng.crossings.tokens import Tokens
from minsheng.runtime.clock import SetClock
from minsheng.runtime.crypto import MasterKey

NOTHING = Tokens((), (), (), ())
PREFIX = "1391234"


def stored_phones(service: Any, zone: int) -> set[bytes]:
    chosen = text("select phone from crossing_codes where zone = :zone and phone is not null")
    with service.tools.database.owner_session() as session:
        found = session.scalars(chosen, {"zone": zone})
        return {bytes(each) for each in found}


def guesses(contribution: bytes, provincial: bytes, count: int) -> set[bytes]:
    """The codes of every number of a prefix (the first ``count`` of them) under two keys."""
    day = datetime(2026, 11, 20, tzinfo=UTC).date()
    return {
        encode(
            provincial,
            blind(contribution, NOTHING, Contact(phone=f"{PREFIX}{number:04d}"), "", day),
        ).phone
        for number in range(count)
    }


def test_feature_dictionary_of_a_whole_prefix_finds_nothing_without_the_provincial_key(
    here: Any, met: Any, service: Any, scaled: Callable[[int, int], int]
) -> None:
    """An attacker with the stored codes, the master key and the offices' keys, not the ring."""
    zone = _zone(service, here)
    contribution = service.tools.master.purpose(f"crossing contribution {zone}")
    stored, count = stored_phones(service, zone), scaled(10_000, 10_000)
    assert stored
    own = service.tools.keyring.cipher(here.tenant_id).index("phone", "13912345678")
    tried = (b"", bytes(32), contribution, service.tools.master.purpose("audit"), own)
    for key in tried:
        assert not stored & guesses(contribution, key, count)
    (epoch,) = service.keys.live(zone)
    found = stored & guesses(contribution, epoch.key, count)
    assert len(found) == 1, "with the ring the same attack finds the number"
    assert not stored & guesses(bytes(32), epoch.key, count), "the ring alone finds nothing either"


def test_the_codes_of_one_telephone_differ_between_provinces_and_epochs(
    here: Any, service: Any
) -> None:
    day = datetime(2026, 11, 20, tzinfo=UTC).date()
    blinded = blind(b"1" * 32, NOTHING, Contact(phone="13912345678"), "", day)
    keys = [service.keys.live(1)[0].key, service.keys.live(2)[0].key, service.keys.rotate(1).key]
    assert len({encode(key, blinded).phone for key in keys}) == 3


def test_no_code_is_an_offices_own_blind_index_or_holds_a_word(
    here: Any, met: Any, service: Any
) -> None:
    row = service.scalar(
        "select to_jsonb(c)::text from crossing_codes c where tenant_id = :t", t=here.tenant_id
    )
    told = json.loads(row)
    assert not any("一" <= character <= "鿿" for character in row)
    index = service.tools.keyring.cipher(here.tenant_id).index("phone", "13912345678")
    assert told["phone"].removeprefix("\\x") != index.hex()
    assert len(told["body"]) <= 128
    assert len(told["subject"]) <= 32
    assert set(told) == {
        "tenant_id", "message_id", "epoch", "zone", "keys", "body", "subject", "phone", "email",
        "region", "day",
    }  # fmt: skip


def test_keys_turn_with_the_month_and_old_ones_are_forgotten(tmp_path: Path) -> None:
    clock = SetClock(datetime(2026, 11, 30, 15, 59, tzinfo=UTC))
    keys = ProvincialKeys(tmp_path / "provincial.ring", clock)
    (first,) = keys.live(7)
    assert keys.live(7) == (first,)
    clock.move(timedelta(minutes=1))
    second, kept = keys.live(7)
    assert (kept.number, kept.key) == (first.number, first.key)
    assert second.key != first.key
    assert kept.replaced_at == clock.now()
    clock.move(KEEP - timedelta(seconds=1))
    assert {each.number for each in keys.live(7)} >= {first.number, second.number}
    clock.move(timedelta(seconds=1))
    assert first.number not in {each.number for each in keys.live(7)}


def test_the_ring_is_for_its_owner_alone_and_shared_by_processes(tmp_path: Path) -> None:
    clock = SetClock(datetime(2026, 11, 20, tzinfo=UTC))
    path = tmp_path / "keys" / "provincial.ring"
    one, other = ProvincialKeys(path, clock), ProvincialKeys(path, clock)
    assert one.live(3) == other.live(3)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "key=" not in repr(one.live(3)[0])
    assert other.rotate(3) == one.live(3)[0]
    path.chmod(0o644)
    with pytest.raises(KeyRingUnfit, match="can be read by others"):
        one.live(3)


@pytest.mark.parametrize("broken", ["", "[]", '{"3": [{"number": 1}]}', '{"3": 7}', '{"x": []}'])
def test_a_ring_that_is_none_stops_the_service_instead_of_making_a_new_one(
    tmp_path: Path, broken: str
) -> None:
    path = tmp_path / "provincial.ring"
    path.touch(mode=0o600)
    path.write_text(broken)
    keys = ProvincialKeys(path, SetClock(datetime(2026, 11, 20, tzinfo=UTC)))
    with pytest.raises(KeyRingUnfit, match="is no ring of keys"):
        keys.live(3)
    assert path.read_text() == broken


def test_a_lost_ring_gives_new_numbers_so_that_old_codes_never_meet_new_ones(
    tmp_path: Path,
) -> None:
    clock = SetClock(datetime(2026, 11, 20, tzinfo=UTC))
    path = tmp_path / "provincial.ring"
    before = ProvincialKeys(path, clock).live(3)[0]
    path.unlink()
    clock.move(timedelta(minutes=2))
    assert ProvincialKeys(path, clock).live(3)[0].number > before.number


def epochs(service: Any, office: Any) -> set[int]:
    with service.tools.database.owner_session() as session:
        asked = text("select distinct epoch from crossing_codes where tenant_id = :tenant")
        return set(session.scalars(asked, {"tenant": office.tenant_id}))


def test_between_two_keys_both_are_matched_and_then_the_old_codes_go(
    here: Any, there: Any, words: Any, service: Any, clock: Any
) -> None:
    zone = _zone(service, here)
    here.contribute(words["first"])
    (old,) = epochs(service, here)
    new = rotate_keys(service.tools, service.keys, zone, [])
    there.contribute(words["again"])
    assert epochs(service, here) == {old}
    assert epochs(service, there) == {old, new}
    assert here.hint().id == there.hint().id
    clock.move(timedelta(days=1, minutes=1))
    service.work(here.tenant_id, "recode")
    assert epochs(service, here) == {old, new}
    clock.move(KEEP)
    for office in (here, there):
        service.work(office.tenant_id, "recode")
        assert not {old} & epochs(service, office)
        assert epochs(service, office)


def test_rotating_on_demand_has_the_offices_code_anew_at_once(
    here: Any, there: Any, words: Any, service: Any, audit_of: Any
) -> None:
    here.contribute(words["first"])
    new = rotate_keys(service.tools, service.keys, _zone(service, here), [here.tenant_id])
    service.work(here.tenant_id, "recode")
    assert new in epochs(service, here)
    assert audit_of(here.tenant_id, "crossing.rotate") == 1
    assert audit_of(here.tenant_id, "crossing.recode") == 1
    assert audit_of(here.tenant_id, "crossing.contribute") == 1
    there.contribute(words["again"])
    assert here.hint().id == there.hint().id


def test_messages_too_old_to_meet_anything_take_no_part(
    here: Any, words: Any, service: Any, clock: Any
) -> None:
    here.contribute(words["first"], received_at=datetime(2026, 3, 1, tzinfo=UTC))
    assert epochs(service, here) == set()
    here.contribute(words["other"])
    assert epochs(service, here)
    clock.move(timedelta(days=200))
    service.work(here.tenant_id, "recode")
    assert epochs(service, here) == set()


def test_what_an_office_hands_over_can_be_read_by_nobody_who_lacks_its_key(
    service: Any, dice: random.Random
) -> None:
    day = datetime(2026, 11, 20, tzinfo=UTC).date()
    phones = [f"139{dice.randrange(10**8):08d}" for _ in range(50)]
    one = [blind(b"1" * 32, NOTHING, Contact(each), "", day).phone for each in phones]
    other = [blind(b"2" * 32, NOTHING, Contact(each), "", day).phone for each in phones]
    assert len({*one, *other}) == 2 * len(set(phones))
    assert MasterKey(b"1" * 32).purpose("x") != MasterKey(b"1" * 32).purpose("y")
    assert Coder(service.tools, service.keys).epochs(9) == service.keys.live(9)


def _zone(service: Any, office: Any) -> int:
    statement = "select ancestors[2] from tenants where id = :id"
    found: int = service.scalar(statement, id=office.tenant_id)
    return found
