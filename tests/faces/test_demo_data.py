"""The demo's seed data keeps its promises: shape, truth labels, privacy and time."""

import re
import unicodedata
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files

import pytest

from minsheng.faces import demo_data
from minsheng.faces.demo_data import (
    MessageSeed,
    NaiveTimeError,
    UnknownTenantError,
    load_accounts,
    load_messages,
    load_tenants,
)

BEIJING = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=BEIJING)
CHANNELS = {"hotline_12345", "mailbox", "leaders_board"}
ROLES = {"origin", "copy", "retold", "followup", "lookalike", "single", "neighbour"}
KINDS = {"投诉", "求助", "咨询", "建言", "感谢"}
DOMAINS = {"城建", "交通", "教育", "医疗", "环保", "三农", "治安", "就业", "政务"}
OWN = {"origin", "retold", "copy", "followup"}

Families = dict[str, list[MessageSeed]]


@pytest.fixture(scope="module")
def county() -> list[MessageSeed]:
    return load_messages("130129", NOW)


@pytest.fixture(scope="module")
def everyone(county: list[MessageSeed]) -> list[MessageSeed]:
    return county + load_messages("130100", NOW)


@pytest.fixture(scope="module")
def families(county: list[MessageSeed]) -> Families:
    grouped: Families = defaultdict(list)
    for message in county:
        grouped[message.family].append(message)
    return dict(grouped)


def _of_one_citizen(members: list[MessageSeed], channel: str) -> list[MessageSeed]:
    return [m for m in members if m.channel == channel and m.role in OWN]


def _digits(text: str) -> str:
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", text))


def test_every_parent_stands_before_its_child() -> None:
    seen: set[str | None] = {None}
    for tenant in load_tenants():
        assert tenant.parent in seen, tenant
        assert tenant.code not in seen, tenant
        seen.add(tenant.code)


def test_the_tree_has_one_root_and_a_ministry_beside_the_territory() -> None:
    tenants = load_tenants()
    kinds = Counter(tenant.kind for tenant in tenants)
    roots = [tenant for tenant in tenants if tenant.parent is None]
    ministries = [tenant for tenant in tenants if tenant.kind == "ministry"]
    assert [(root.code, root.kind) for root in roots] == [("000000", "central")]
    assert [ministry.parent for ministry in ministries] == ["000000"]
    assert (kinds["province"], kinds["city"], kinds["county"], kinds["street"]) == (1, 2, 4, 2)
    assert kinds["department"] >= 6


def test_the_code_of_a_territory_begins_with_the_code_of_its_parent() -> None:
    levels = {"city": 2, "county": 4, "street": 6, "department": 6}
    for tenant in load_tenants():
        if tenant.kind in levels:
            assert tenant.parent is not None
            digits = levels[tenant.kind]
            assert tenant.code[:digits] == tenant.parent[:digits], tenant


def test_the_county_has_three_hundred_messages_over_three_channels(
    county: list[MessageSeed],
) -> None:
    counts = Counter(message.channel for message in county)
    assert len(county) >= 330
    assert set(counts) == CHANNELS
    assert min(counts.values()) >= 60


def test_the_city_has_a_queue_of_its_own_that_shares_nothing_with_the_county(
    county: list[MessageSeed],
) -> None:
    city = load_messages("130100", NOW)
    assert len(city) == 12
    assert {message.channel for message in city} == CHANNELS
    assert not {message.family for message in city} & {message.family for message in county}


def test_a_demo_body_without_messages_gives_an_empty_list() -> None:
    assert load_messages("130600", NOW) == []


def test_an_unknown_body_is_refused() -> None:
    with pytest.raises(UnknownTenantError, match="999999"):
        load_messages("999999", NOW)


def test_every_message_file_beside_the_loader_is_read(everyone: list[MessageSeed]) -> None:
    folder = files(demo_data)
    names = [entry.name for entry in folder.iterdir() if entry.name.startswith("messages_")]
    lines = sum(
        folder.joinpath(name).read_text("utf-8").count('{"id": "')
        for name in [*names, "other_offices.json"]
    )
    assert len(everyone) == lines


def test_ids_are_unique(everyone: list[MessageSeed]) -> None:
    assert [i for i, n in Counter(message.id for message in everyone).items() if n > 1] == []


def test_words_of_the_field_are_the_agreed_ones(everyone: list[MessageSeed]) -> None:
    for message in everyone:
        assert message.role in ROLES, message.id
        assert message.kind in KINDS, message.id
        assert message.domain in DOMAINS, message.id
        assert message.subject.strip(), message.id
        assert message.body.strip(), message.id


def test_every_region_is_a_body_of_the_demo_or_empty(everyone: list[MessageSeed]) -> None:
    codes = {tenant.code for tenant in load_tenants()}
    assert {message.region for message in everyone} - {""} <= codes


def test_every_message_lies_in_the_past_within_twenty_days(everyone: list[MessageSeed]) -> None:
    for message in everyone:
        assert NOW - timedelta(days=20) <= message.received_at < NOW, message.id
        assert message.received_at.utcoffset() == timedelta(hours=8), message.id


@pytest.mark.parametrize("hour", [0, 7, 8, 15, 23])
def test_another_now_moves_whole_days_and_keeps_order_and_clock(hour: int) -> None:
    later = datetime(2027, 3, 2, hour, 59, tzinfo=UTC)
    before, after = load_messages("130129", NOW), load_messages("130129", later)
    shifts = {b.received_at - a.received_at for a, b in zip(before, after, strict=True)}
    assert [message.id for message in before] == [message.id for message in after]
    assert len(shifts) == 1
    assert shifts.pop() % timedelta(days=1) == timedelta(0)
    assert later - timedelta(days=21) <= after[0].received_at < after[-1].received_at < later


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(NaiveTimeError, match="time zone"):
        load_messages("130129", NOW.replace(tzinfo=None))


def test_messages_arrive_oldest_first(county: list[MessageSeed]) -> None:
    times = [message.received_at for message in county]
    assert times == sorted(times)


def test_a_channel_tells_of_the_citizen_only_what_it_would_know(
    everyone: list[MessageSeed],
) -> None:
    for message in everyone:
        citizen = message.citizen
        mailed = message.channel == "mailbox"
        assert citizen.email.endswith("@example.com") if mailed else citizen.email == "", message.id
        if mailed:
            assert citizen.phone == "", message.id
        if message.channel == "hotline_12345":
            assert citizen.phone, message.id


def test_telephones_are_of_the_invented_range_also_in_the_text(
    everyone: list[MessageSeed],
) -> None:
    for message in everyone:
        assert re.fullmatch(r"(1380013\d{4})?", message.citizen.phone), message.id
        written = unicodedata.normalize("NFKC", message.body)
        for number in re.findall(r"(?<!\d)1\d{2}[- ]?\d{4}[- ]?\d{4}(?!\d)", written):
            assert _digits(number).startswith("1380013"), message.id


def test_at_least_twenty_families_come_by_three_channels(families: Families) -> None:
    whole = [
        family
        for family, members in families.items()
        if all(_of_one_citizen(members, channel) for channel in CHANNELS)
    ]
    assert len(whole) >= 20


def test_twenty_letters_carry_the_telephone_the_hotline_knows(families: Families) -> None:
    known = 0
    for members in families.values():
        phones = {m.citizen.phone for m in _of_one_citizen(members, "hotline_12345")}
        letters = [_digits(m.body) for m in _of_one_citizen(members, "mailbox")]
        known += any(phone in letter for phone in phones for letter in letters)
    assert known >= 20


def test_twelve_families_show_the_same_name_in_letter_and_on_the_board(families: Families) -> None:
    same = [
        family
        for family, members in families.items()
        if {m.citizen.name for m in _of_one_citizen(members, "mailbox")}
        & {m.citizen.name for m in _of_one_citizen(members, "leaders_board")}
    ]
    assert len(same) >= 12


def test_twelve_families_show_the_same_telephone_on_hotline_and_board(families: Families) -> None:
    same = [
        family
        for family, members in families.items()
        if {m.citizen.phone for m in _of_one_citizen(members, "hotline_12345")}
        & {m.citizen.phone for m in _of_one_citizen(members, "leaders_board")} - {""}
    ]
    assert len(same) >= 12


def test_a_family_begins_with_its_only_origin(families: Families) -> None:
    for family, members in families.items():
        if members[0].role not in {"single", "lookalike"}:
            roles = [message.role for message in members]
            assert roles[0] == "origin", family
            assert roles.count("origin") == 1, family


def test_singles_and_lookalikes_stand_alone_in_their_family(families: Families) -> None:
    for family, members in families.items():
        if {message.role for message in members} & {"single", "lookalike"}:
            assert len(members) == 1, family


def test_a_copy_is_word_for_word_an_earlier_message_of_its_channel(families: Families) -> None:
    copies = [m for members in families.values() for m in members if m.role == "copy"]
    assert len(copies) >= 12
    for copy in copies:
        assert any(
            (earlier.subject, earlier.body, earlier.channel, earlier.citizen)
            == (copy.subject, copy.body, copy.channel, copy.citizen)
            and earlier.received_at < copy.received_at
            for earlier in families[copy.family]
        ), copy.id


def test_only_copies_repeat_a_body(everyone: list[MessageSeed]) -> None:
    bodies = Counter(message.body for message in everyone if message.role != "copy")
    assert [body for body, count in bodies.items() if count > 1] == []


def test_no_two_families_share_a_body(everyone: list[MessageSeed]) -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for message in everyone:
        owners[message.body].add(message.family)
    assert [body for body, names in owners.items() if len(names) > 1] == []


def test_thirty_lookalikes_name_the_family_they_must_not_join(families: Families) -> None:
    lookalikes = [m for members in families.values() for m in members if m.role == "lookalike"]
    assert len(lookalikes) >= 30
    for lookalike in lookalikes:
        resembled = families[lookalike.resembles]
        phones = {m.citizen.phone for m in resembled} - {""}
        assert lookalike.family != lookalike.resembles
        assert resembled[0].role == "origin", lookalike.id
        assert lookalike.citizen.phone not in phones, lookalike.id


def test_only_lookalikes_resemble_another_family(everyone: list[MessageSeed]) -> None:
    others = [message for message in everyone if message.role != "lookalike"]
    assert {message.resembles for message in others} == {""}


def test_twenty_neighbours_raise_the_matter_of_another_citizen(families: Families) -> None:
    count = 0
    for members in families.values():
        own = [m.citizen for m in members if m.role in OWN]
        for neighbour in (m.citizen for m in members if m.role == "neighbour"):
            count += 1
            assert neighbour.name not in {citizen.name for citizen in own}
            assert neighbour.phone not in {citizen.phone for citizen in own} - {""}
    assert count >= 20


def test_one_telephone_never_belongs_to_two_families(everyone: list[MessageSeed]) -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for message in everyone:
        owners[message.citizen.phone].add(message.family)
    del owners[""]
    assert {phone: names for phone, names in owners.items() if len(names) > 1} == {}


def test_texts_range_from_a_few_characters_to_a_long_letter(county: list[MessageSeed]) -> None:
    lengths = sorted(len(message.body) for message in county)
    assert lengths[0] <= 6
    assert lengths[-1] >= 1500
    assert any(re.search("[\U0001f300-\U0001faff]", message.body) for message in county)
    assert any(re.search("[０-９]", message.body) for message in county)
    assert any("鄉" in message.body for message in county)


def test_accounts_belong_to_bodies_of_the_demo_and_hold_no_password() -> None:
    accounts = load_accounts()
    codes = {tenant.code for tenant in load_tenants()}
    assert {account.tenant for account in accounts} <= codes
    assert len({account.username for account in accounts}) == len(accounts)
    assert all(re.fullmatch(r"[a-z]+", account.username) for account in accounts)
    assert "password" not in files(demo_data).joinpath("accounts.json").read_text("utf-8")


def test_the_county_has_every_role_and_who_works_with_it_a_liaison() -> None:
    roles = defaultdict(set)
    for account in load_accounts():
        roles[account.tenant].add(account.role)
    assert roles["130129"] == {
        "liaison", "handler", "reviewer", "leader", "readonly", "system_admin", "security_admin",
        "audit_admin",
    }  # fmt: skip
    for code in ("130100", "130129-JYJ", "130129-ZJJ"):
        assert roles[code] == {"liaison"}
