"""Structured header values: addresses, dates, message ids, parameters. No function here raises.

The standard library's parsers raise on ``From: <``, ``Message-ID: <>`` and bad dates, and need
seconds for thousands of addresses; these read what can be read, within bounds.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import unquote_to_bytes

from minsheng_mailbox.charsets import decode, decode_unlabelled
from minsheng_mailbox.headers import decode_value, one_line
from minsheng_mailbox.settings import is_address

MAX_ADDRESS_VALUE = 4096
MAX_MAILBOXES = 20
MAX_IDS = 100
MAX_PARAMETERS = 60
MAX_NAME = 200

CHINA = timezone(timedelta(hours=8), "UTC+08:00")

_TOKEN = re.compile(
    r"(?P<word>=\?[^?\s]{1,60}\?[bBqQ]\?[^\r\n]{0,2000}?\?=)"
    r'|"(?P<quoted>(?:[^"\\]|\\.)*)"'
    r"|<(?P<angle>[^<>]*)>|\((?P<comment>[^()]*)\)|(?P<comma>[,;])"
    r'|(?P<other>[^"<(,;=]+|.)',
    re.DOTALL,
)
_ID = re.compile(rb"<[!-;=?-~]{1,250}>")
_BARE_ID = re.compile(rb"[!-;=?-~]{1,250}")
_PARAMETER = re.compile(rb';\s*([^\s=;"]{1,80})\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_SECTION = re.compile(r"(?P<name>[^*]+)(?:\*(?P<number>\d{1,3}))?(?P<star>\*)?")
_RFC_DATE = re.compile(
    r"(\d{1,2})[ -]+(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?[ -]+(\d{2,4})"
    r"[ ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?[ ]*([+-]\d{2}:?\d{2}|[A-Za-z]{1,5})?",
    re.IGNORECASE,
)
_ISO_DATE = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?"
    r"[ ]*([+-]\d{2}:?\d{2}|Z)?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# RFC 5322, 4.3, except CST: on mail to a Chinese office it means China Standard Time.
_ZONES = {"UT": 0, "GMT": 0, "UTC": 0, "Z": 0, "EST": -5, "EDT": -4, "CDT": -5, "CST": 8}
_ZONES |= {"MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "HKT": 8, "JST": 9}


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name and a plain address; either may be empty."""

    name: str
    address: str


def mailboxes(value: bytes, charset: str = "") -> list[Mailbox]:
    """Return the mailboxes of an address field, at most ``MAX_MAILBOXES``.

    Encoded words and quoted strings are read only after the value is taken apart, so a name that
    looks like an address stays a name. An address that is no plain ASCII one becomes empty.
    """
    text = decode_unlabelled(value[:MAX_ADDRESS_VALUE], charset).replace("\n", " ")
    found: list[Mailbox] = []
    tokens: list[re.Match[str]] = []
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "comma":
            found += _mailbox(tokens)
            tokens = []
        else:
            tokens.append(token)
        if len(found) >= MAX_MAILBOXES:
            return found
    return found + _mailbox(tokens)


def _mailbox(tokens: list[re.Match[str]]) -> list[Mailbox]:
    angles = [token["angle"].strip() for token in tokens if token.lastgroup == "angle"]
    comments = [token["comment"] for token in tokens if token.lastgroup == "comment"]
    words = [_spoken(token) for token in tokens if token.lastgroup in {"word", "quoted", "other"}]
    name = "".join(words).strip()
    address = angles[-1] if angles else name
    if not angles:
        # "group: a@b" names a group before its first member.
        address = name.rsplit(":", 1)[-1].strip() if "@" in name else ""
        name = " ".join(comments) if address else name
    shown = decode_value(name.encode("utf-8")).strip(" '\"")[:MAX_NAME]
    mailbox = Mailbox(shown, address if is_address(address) else "")
    return [mailbox] if mailbox != Mailbox("", "") else []


def _spoken(token: re.Match[str]) -> str:
    if token.lastgroup == "quoted":
        return re.sub(r"\\(.)", r"\1", token["quoted"], flags=re.DOTALL)
    return token[0]


def message_ids(value: bytes) -> list[str]:
    """Return the ids in angle brackets, in order, without repeats, at most ``MAX_IDS``."""
    ids = dict.fromkeys(match.decode("ascii") for match in _ID.findall(value))
    return list(ids)[-MAX_IDS:]


def message_id(value: bytes) -> str:
    """Return the first id of a Message-ID field, else the bare text when it could be one."""
    ids = message_ids(value)
    if ids:
        return ids[0]
    bare = _BARE_ID.fullmatch(value.strip())
    return bare[0].decode("ascii") if bare else ""


def date(value: bytes) -> datetime | None:
    """Return the instant of a Date field, or None; a time without a zone is Beijing time."""
    text = value[:200].decode("ascii", "replace")
    match = _RFC_DATE.search(text)
    if match:
        day, name, year, hour, minute, second, zone = match.groups()
        return _instant(
            (_year(year), _MONTHS.index(name.lower()) + 1, int(day)), (hour, minute, second), zone
        )
    match = _ISO_DATE.search(value[:200].decode("utf-8", "replace"))
    if match:
        years, month, day, hour, minute, second, zone = match.groups()
        return _instant((int(years), int(month), int(day)), (hour, minute, second), zone)
    return None


def _year(text: str) -> int:
    year = int(text)
    # RFC 5322, 4.3: two digits below 50 are this century, other short years count from 1900.
    if len(text) == 2 and year < 50:
        return year + 2000
    return year + 1900 if len(text) < 4 else year


def _instant(
    day: tuple[int, int, int], time: tuple[str, str, str | None], zone: str | None
) -> datetime | None:
    hour, minute, second = (int(part or 0) for part in time)
    try:
        local = datetime(*day, hour, minute, min(second, 59), tzinfo=UTC)
        return (local - _offset(zone)).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _offset(zone: str | None) -> timedelta:
    if not zone:
        return timedelta(hours=8)
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        if minutes > 14 * 60:
            message = "no place on earth is further than 14 hours from Greenwich"
            raise ValueError(message)
        return timedelta(minutes=-minutes if zone[0] == "-" else minutes)
    return timedelta(hours=_ZONES.get(zone.upper(), 0))


def parameters(value: bytes) -> tuple[str, dict[str, bytes]]:
    """Split ``text/plain; charset=gbk`` into its main value and its raw parameters, lower case."""
    main, separator, rest = value.partition(b";")
    found: dict[str, bytes] = {}
    for match in _PARAMETER.finditer((separator + rest)[:MAX_ADDRESS_VALUE]):
        name = match[1].decode("ascii", "replace").lower()
        if len(found) < MAX_PARAMETERS:
            found.setdefault(name, _unquoted(match[2].strip()))
    return main.strip().decode("ascii", "replace").lower(), found


def _unquoted(value: bytes) -> bytes:
    if value[:1] == b'"' and value[-1:] == b'"' and len(value) > 1:
        return re.sub(rb'\\(["\\])', rb"\1", value[1:-1])
    return value.strip(b'"')


def parameter_text(found: dict[str, bytes], wanted: str, charset: str = "") -> str:
    """Return parameter ``wanted`` as clean text, joined and decoded after RFC 2231 if need be."""
    sections = sorted(_sections(found, wanted))
    if not sections:
        return decode_value(found.get(wanted, b""), charset)
    first = sections[0][2]
    label = ""
    if sections[0][1] and first.count(b"'") >= 2:
        label, _, rest = first.decode("latin-1").split("'", 2)
        sections[0] = (*sections[0][:2], rest.encode("latin-1"))
    joined = b"".join(unquote_to_bytes(data) if star else data for _, star, data in sections)
    if not label:
        return decode_value(joined, charset)
    return one_line(decode(joined, label))


def _sections(found: dict[str, bytes], wanted: str) -> list[tuple[int, bool, bytes]]:
    sections = []
    for name, data in found.items():
        match = _SECTION.fullmatch(name)
        if match and match["name"] == wanted and (match["number"] or match["star"]):
            sections.append((int(match["number"] or 0), bool(match["star"]), data))
    return sections
