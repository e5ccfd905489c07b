"""From a city's work order to the field's words, by the channel's field mapping.

The names on the right of DEFAULT_FIELDS are those recorded from a hotline's work-order form, save
``updatedTime``: no update time was recorded, so that name is ours.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from minsheng_hotline_12345.times import NONE_TIME, read_time
from minsheng_sdk import Citizen, MessageUnreadable, ParsedMessage, RawItem, SettingsInvalid
from minsheng_sdk.text import as_text, dump_json, load_json

UNUSED = "-"
"""The name that says: this city has no such field."""

DEFAULT_FIELDS: Mapping[str, str] = {
    "number": "orderNum",
    "updated_at": "updatedTime",
    "received_at": "callTime",
    "created_at": "createdTime",
    "subject": "title",
    "body": "majorContent",
    "region": "address",
    "addressee": "organizationName",
    "kind": "callerType",
    "citizen_name": "callerName",
    "citizen_phone": "callerPhone",
    "citizen_contact": "callerContact",
    "citizen_email": "mail",
    "earlier_order": "oldOrderNum",
    "urged_order": "urgeOrderNum",
    "domain": "questionName",
    "source": "sourceType",
    "address_detail": "addressItem",
    "urgency": "pilotLight",
    "secret": "isSecret",
    "deadline": "deadlineDate",
    "state": "orderState",
}
_EXTRA = ("domain", "source", "address_detail", "urgency", "secret", "deadline", "state")
_YES = frozenset({"是", "1", "y", "yes", "true", "保密"})
"""Ways to write that a work order is to be kept secret; which one a city uses was not recorded."""
_LONGEST_NUMBER = 200
"""Real order numbers have 18 digits; a key much longer than this fits no index."""


def merged_fields(given: Mapping[str, str]) -> Mapping[str, str]:
    """Lay a city's names over the defaults; SettingsInvalid for a name of ours that is none."""
    unknown = sorted(set(given) - set(DEFAULT_FIELDS))
    if unknown:
        known = ", ".join(DEFAULT_FIELDS)
        message = f"{unknown[0]!r} is no field of ours, use one of: {known}"
        raise SettingsInvalid("fields", message)
    fields = {**DEFAULT_FIELDS, **given}
    for name in ("number", "updated_at"):
        if fields[name] in ("", UNUSED):
            message = f"{name!r} must be mapped, orders cannot be listed without it"
            raise SettingsInvalid("fields", message)
    return fields


def to_item(row: object, fields: Mapping[str, str]) -> RawItem:
    """Keep a listed row as a raw item; its key is the order number.

    A row without a usable number is kept under the hash of its bytes, so that it reaches
    quarantine instead of getting lost.
    """
    raw = dump_json(row)
    number = _number(row, fields)
    return RawItem(number or f"sha256:{hashlib.sha256(raw).hexdigest()}", raw)


def updated_at(row: object, fields: Mapping[str, str]) -> datetime | None:
    """Return a row's update time, None when it has no readable one."""
    if not isinstance(row, Mapping):
        return None
    try:
        return read_time(as_text(row.get(fields["updated_at"])))
    except (TypeError, ValueError):
        return None


def parse_order(raw: bytes, fields: Mapping[str, str]) -> ParsedMessage:
    """Read one work order; raises MessageUnreadable for bytes that are none."""
    try:
        row = load_json(raw)
    except ValueError as error:
        message = f"the work order is not JSON ({type(error).__name__})"
        raise MessageUnreadable(message) from error
    if not isinstance(row, Mapping):
        message = f"the work order is a {type(row).__name__}, not an object"
        raise MessageUnreadable(message)
    number = _number(row, fields)
    if not number:
        message = f"the work order has no usable number in {fields['number']!r}"
        raise MessageUnreadable(message)
    return _message(number, {name: _text(row, fields, name) for name in fields})


def _message(number: str, words: Mapping[str, str]) -> ParsedMessage:
    return ParsedMessage(
        external_id=number,
        subject=words["subject"],
        body=words["body"],
        received_at=_received_at(words),
        region=words["region"],
        addressee=words["addressee"],
        kind=words["kind"],
        citizen=Citizen(
            name=words["citizen_name"],
            phone=words["citizen_phone"] or words["citizen_contact"],
            email=words["citizen_email"],
        ),
        thread=tuple(words[name] for name in ("earlier_order", "urged_order") if words[name]),
        extra={name: words[name] for name in _EXTRA if words[name]},
        confidential=words["secret"].strip().lower() in _YES,
    )


def _received_at(words: Mapping[str, str]) -> datetime:
    try:
        moment = read_time(words["received_at"]) or read_time(words["created_at"])
    except (ValueError, OverflowError) as error:
        message = "the work order bears an impossible time"
        raise MessageUnreadable(message) from error
    if moment is None:
        message = "the work order bears no time of the call"
        raise MessageUnreadable(message)
    return moment


def _number(row: object, fields: Mapping[str, str]) -> str:
    if not isinstance(row, Mapping):
        return ""
    try:
        number = as_text(row.get(fields["number"]))
    except TypeError:
        return ""
    return number if len(number) <= _LONGEST_NUMBER else ""


def _text(row: Mapping[object, object], fields: Mapping[str, str], name: str) -> str:
    """Return a field as clean text; "" when the city has none or it holds the none-time."""
    try:
        text = as_text(row.get(fields[name]))
    except TypeError as error:
        message = f"the work order's field {fields[name]!r} holds no text: {error}"
        raise MessageUnreadable(message) from error
    return "" if text.startswith(NONE_TIME) else text
