"""Pulling: every letter once or more, never less, from dovecot and from the loopback server."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from minsheng_mailbox import plugin
from minsheng_mailbox.pull import PAGE_MAILS
from minsheng_sdk import (
    CredentialsRefused,
    Page,
    ProtocolBroken,
    RateLimited,
    SettingsInvalid,
    SourceUnavailable,
)

Letters = Callable[..., list[bytes]]
Scripted = Callable[..., int]


def pull(source: Any, cursor: str = "", **changed: object) -> Iterator[Page]:
    return plugin.minsheng_pull(source.settings | changed, cursor)


def everything(source: Any, cursor: str = "", **changed: object) -> tuple[list[bytes], str]:
    """Pull like the service: commit each page and its cursor, then go on."""
    raws: list[bytes] = []
    for page in pull(source, cursor, **changed):
        raws += [item.raw for item in page.items]
        cursor = page.cursor
    return raws, cursor


def test_all_letters_arrive_in_order_with_their_bytes_untouched(
    source: Any, letters: Letters
) -> None:
    mails = [*letters(3), b"From: \xc4\xe3\xba\xc3\r\n\r\n\xff\xfe 8-bit \x80\r\n"]
    source.append(*mails)
    raws, _cursor = everything(source)
    assert raws == mails


def test_keys_name_folder_numbering_period_and_uid(source: Any, letters: Letters) -> None:
    source.append(*letters(2))
    (page,) = pull(source)
    stand = json.loads(page.cursor)
    assert [item.source_key for item in page.items] == [
        f"{source.folder}:{stand['uidvalidity']}:{uid}" for uid in (1, 2)
    ]
    assert {item.epoch for item in page.items} == {str(stand["uidvalidity"])}
    assert stand["uid"] == 2


def test_a_second_pull_brings_nothing_and_then_only_what_is_new(
    source: Any, letters: Letters
) -> None:
    first, second, third = letters(3)
    source.append(first, second)
    _raws, cursor = everything(source)
    # "UID 3:*" makes a server answer with mail 2, which must not come again.
    assert list(pull(source, cursor)) == []
    source.append(third)
    assert everything(source, cursor)[0] == [third]


def test_an_empty_folder_yields_no_page(source: Any) -> None:
    assert list(pull(source)) == []


def test_letters_without_message_id_are_told_apart(source: Any, letters: Letters) -> None:
    same = letters(1, ids=False)[0]
    source.append(same, same)
    (page,) = pull(source)
    assert [item.raw for item in page.items] == [same, same]
    assert len({item.source_key for item in page.items}) == 2


def test_a_renumbered_folder_begins_again_under_a_new_epoch(source: Any, letters: Letters) -> None:
    mails = letters(3)
    source.append(*mails)
    (before,) = pull(source)
    source.renumber()
    (after,) = pull(source, before.cursor)
    assert [item.raw for item in after.items] == mails
    assert {item.epoch for item in after.items}.isdisjoint(item.epoch for item in before.items)
    assert {item.source_key for item in after.items}.isdisjoint(
        item.source_key for item in before.items
    )


def test_a_cursor_of_another_folder_or_of_nobody_begins_again(
    source: Any, letters: Letters
) -> None:
    source.append(*letters(1))
    _raws, cursor = everything(source)
    other = json.dumps(json.loads(cursor) | {"folder": "Elsewhere"})
    for strange in (other, "not json", "[]", '{"folder": 1}', "3"):
        assert len(everything(source, strange)[0]) == 1
    assert everything(source, cursor)[0] == []


def test_letters_deleted_by_another_client_in_between_cost_no_other(
    source: Any, letters: Letters
) -> None:
    mails = letters(PAGE_MAILS + 4)
    source.append(*mails)
    pages = pull(source)
    first = next(pages)
    source.delete(PAGE_MAILS + 1, PAGE_MAILS + 3)
    raws = [item.raw for item in first.items] + [item.raw for page in pages for item in page.items]
    assert raws == [*mails[:PAGE_MAILS], mails[PAGE_MAILS + 1], mails[PAGE_MAILS + 3]]


def test_a_page_that_was_deleted_whole_is_passed_over(source: Any, letters: Letters) -> None:
    mails = letters(PAGE_MAILS + 2)
    source.append(*mails)
    pages = pull(source)
    cursor = next(pages).cursor
    source.delete(PAGE_MAILS + 1, PAGE_MAILS + 2)
    assert list(pages) == []
    source.append(mails[0])
    assert everything(source, cursor)[0] == [mails[0]]


def test_a_run_abandoned_before_its_commit_loses_nothing(source: Any, letters: Letters) -> None:
    mails = letters(PAGE_MAILS * 2 + 5)
    source.append(*mails)
    crashed = pull(source)
    committed = next(crashed)
    next(crashed)
    crashed.close()
    raws = [item.raw for item in committed.items]
    assert raws + everything(source, committed.cursor)[0] == mails


def test_many_letters_come_in_pages_of_fifty(
    source: Any, letters: Letters, scale: Callable[[int], int]
) -> None:
    mails = letters(scale(300))
    source.append(*mails)
    pages = list(pull(source))
    assert [item.raw for page in pages for item in page.items] == mails
    assert max(len(page.items) for page in pages) == PAGE_MAILS
    assert len({page.cursor for page in pages}) == len(pages)


def test_a_page_holds_no_more_than_eight_megabytes(source: Any, letters: Letters) -> None:
    source.append(*letters(4, size=3_000_000))
    assert [len(page.items) for page in pull(source)] == [2, 2]


def test_letters_are_marked_read_only_after_their_page_was_committed(
    source: Any, letters: Letters
) -> None:
    source.append(*letters(PAGE_MAILS + 1))
    pages = pull(source, mark_seen=True)
    next(pages)
    assert source.seen() == set()
    next(pages)
    assert source.seen() == set(range(1, PAGE_MAILS + 1))
    assert list(pages) == []
    assert source.seen() == set(range(1, PAGE_MAILS + 2))


def test_letters_stay_unread_unless_marking_is_set(source: Any, letters: Letters) -> None:
    source.append(*letters(2))
    everything(source)
    assert source.seen() == set()


def test_a_renumbering_in_the_middle_marks_no_other_letter(source: Any, letters: Letters) -> None:
    mails = letters(PAGE_MAILS + 3)
    source.append(*mails)
    pages = pull(source, mark_seen=True)
    cursor = next(pages).cursor
    source.delete(1)
    source.renumber()
    raised = None
    try:
        rest = list(pages)
    except (SourceUnavailable, SettingsInvalid) as error:
        rest, raised = [], error
    assert rest == [], raised
    assert source.seen() == set()
    assert everything(source, cursor)[0] == mails[1:]


def test_a_letter_above_the_limit_keeps_its_header_and_says_so(
    source: Any, letters: Letters
) -> None:
    small, large = letters(1)[0], letters(1, size=1_100_000)[0]
    source.append(large, small)
    pages = list(pull(source, max_mail_mb=1))
    items = [item for page in pages for item in page.items]
    assert items[0].raw.startswith(f"X-Minsheng-Truncated: size={len(large)}\r\n".encode())
    message = plugin.minsheng_parse(source.settings, items[0])
    assert message.extra["truncated"] == str(len(large))
    assert (message.subject, message.body) == ("letter 1", "")
    assert items[1].raw == small
    assert everything(source, pages[-1].cursor)[0] == []


def test_a_letter_below_the_limit_comes_whole(source: Any, letters: Letters) -> None:
    large = letters(1, size=1_100_000)[0]
    source.append(large)
    assert everything(source, max_mail_mb=2)[0] == [large]


def test_a_wrong_password_is_refused_as_credentials(source: Any) -> None:
    assert list(pull(source)) == []
    with pytest.raises(CredentialsRefused):
        list(pull(source, password="wrong"))


def test_a_missing_folder_names_the_setting(source: Any) -> None:
    with pytest.raises(SettingsInvalid, match="folder") as refusal:
        list(pull(source, folder="没有这个"))
    assert refusal.value.field == "folder"


def test_a_check_of_good_settings_changes_nothing(source: Any, letters: Letters) -> None:
    source.append(*letters(2))
    report = plugin.minsheng_check(source.settings)
    assert report.ok
    assert "2" in report.lines_zh[0]
    assert source.seen() == set()
    assert not plugin.minsheng_check(source.settings | {"password": "wrong"}).ok


def at(port: int, **changed: object) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "username": "u",
        "password": "p",
        "timeout_s": 1,
    } | changed


def test_a_closed_port_is_worth_a_retry(scripted: Scripted) -> None:
    port = scripted(b"* BYE busy\r\n")
    with pytest.raises(SourceUnavailable):
        list(plugin.minsheng_pull(at(port), ""))
    # That peer took one connection; now nobody listens there.
    with pytest.raises(SourceUnavailable):
        list(plugin.minsheng_pull(at(port), ""))


LOGGED_IN = b"{tag} OK in\r\n"
CAPABLE = b"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n"


@pytest.mark.parametrize(
    ("login", "meaning"),
    [
        (b"{tag} NO [AUTHENTICATIONFAILED] no\r\n", CredentialsRefused),
        (b"{tag} NO no such user\r\n", CredentialsRefused),
        (b"{tag} NO [UNAVAILABLE] directory down\r\n", SourceUnavailable),
        (b"{tag} NO [LIMIT] too many\r\n", RateLimited),
        (b"\x16\x03\x01\r\n", ProtocolBroken),
        (None, SourceUnavailable),
    ],
)
def test_the_answer_to_a_login_decides_whether_a_retry_helps(
    scripted: Scripted, login: bytes | None, meaning: type[Exception]
) -> None:
    port = scripted(b"* OK ready\r\n", CAPABLE, login)
    with pytest.raises(meaning):
        list(plugin.minsheng_pull(at(port), ""))


@pytest.mark.parametrize(
    ("select", "meaning"),
    [
        (b"{tag} NO EXAMINE Unsafe Login. Please contact us\r\n", CredentialsRefused),
        (b"{tag} NO [NONEXISTENT] no such folder\r\n", SettingsInvalid),
        (b"* 0 EXISTS\r\n{tag} OK [READ-ONLY] but no UIDVALIDITY\r\n", ProtocolBroken),
        (b"* OK [UIDNEXT 1] n\r\n* OK [UIDVALIDITY x] y\r\n{tag} OK done\r\n", ProtocolBroken),
    ],
)
def test_the_answer_to_opening_the_folder_decides_too(
    scripted: Scripted, select: bytes, meaning: type[Exception]
) -> None:
    port = scripted(b"* OK ready\r\n", CAPABLE, LOGGED_IN, CAPABLE, select)
    with pytest.raises(meaning):
        list(plugin.minsheng_pull(at(port), ""))


def test_a_listed_letter_that_is_not_handed_out_stops_the_pull(scripted: Scripted) -> None:
    opened = b"* OK [UIDVALIDITY 7] y\r\n* OK [UIDNEXT 2] n\r\n{tag} OK [READ-ONLY] done\r\n"
    found, nothing = b"* SEARCH 1\r\n{tag} OK done\r\n", b"{tag} OK done\r\n"
    port = scripted(b"* OK hi\r\n", CAPABLE, LOGGED_IN, CAPABLE, opened, found, nothing, found)
    with pytest.raises(SourceUnavailable, match="does not hand it out"):
        list(plugin.minsheng_pull(at(port), ""))


def test_a_server_that_never_answers_is_given_up(scripted: Scripted) -> None:
    # The peer greets and then waits for a second line that never comes.
    port = scripted(b"* OK ready\r\n", b"", b"")
    with pytest.raises(SourceUnavailable):
        list(plugin.minsheng_pull(at(port), ""))


def test_a_server_that_speaks_no_imap_is_broken(scripted: Scripted) -> None:
    port = scripted(b"HTTP/1.1 400 Bad Request\r\n")
    with pytest.raises(ProtocolBroken):
        list(plugin.minsheng_pull(at(port), ""))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"host": "mail.example.gov.cn"}, "security"),
        ({"username": "u\r\nA1 DELETE INBOX"}, "username"),
        ({"folder": "a\nb"}, "folder"),
        ({"port": 70000}, "port"),
        ({"max_mail_mb": 0}, "max_mail_mb"),
        ({"security": "ssl"}, "security"),
        ({"pasword": "x"}, "pasword"),
        ({"password": ""}, "password"),
        ({"password": "密码"}, "password"),
    ],
)
def test_settings_that_cannot_work_name_the_field(
    loopback: Any, changed: dict[str, object], field: str
) -> None:
    assert list(plugin.minsheng_pull(loopback.settings, "")) == []
    with pytest.raises(SettingsInvalid) as refusal:
        list(plugin.minsheng_pull(loopback.settings | changed, ""))
    assert refusal.value.field == field
