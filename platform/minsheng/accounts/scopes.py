"""What an API client may be allowed to do."""

from collections.abc import Iterable, Mapping

from minsheng.accounts.errors import AccountInvalid

SCOPES: Mapping[str, str] = {
    "tenants:read": "see the office and the bodies below it",
    "tenants:write": "add bodies below the office",
    "channels:read": "see channels and their runs",
    "channels:write": "add, change, pause and pull channels",
    "messages:read": "see messages",
    "messages:write": "post messages",
    "cases:read": "see cases, their messages and history",
    "cases:write": "join, part and split cases, and mark citizens who ask for secrecy",
    "cases:confidential": "see complaints about the office itself and citizens who ask for secrecy",
    "cases:handle": "claim cases, move them through their flow, record what was done",
    "cases:dispatch": "hand cases to other bodies and answer what was handed over",
    "flows:write": "choose and change flows, deadline classes and closed days",
    "replies:write": "draft replies and send them to review",
    "replies:approve": "approve replies, so that they go out",
    "deliveries:write": "send again, settle uncertain sends, release what is on hold",
    "facts:read": "see the figures of the office and the bodies below it",
    "crossings:read": "see hints that another body may have the same matter",
    "crossings:write": "agree to or decline such hints",
    "matching:write": "set the thresholds of matching",
    "citizens:read": "see a citizen's name, telephone and mail address for a purpose",
    "users:read": "see the people with accounts",
    "users:write": "add people, ask for their roles, turn accounts off",
    "clients:read": "see the office's API clients",
    "clients:write": "ask for API clients, take scopes from them, call back tokens, turn them off",
    "clients:rotate": "give the client itself a new secret",
}
"""Every scope and what it allows."""


def join_scopes(scopes: Iterable[str]) -> str:
    """Scopes as they are stored: known ones only, in order, one space between.

    Raises AccountInvalid for an unknown scope and for none at all.
    """
    wanted = set(scopes)
    unknown = sorted(wanted - set(SCOPES))
    if unknown:
        message = f"unknown scope {unknown[0]!r}: use some of {', '.join(SCOPES)}"
        raise AccountInvalid("scopes", message)
    if not wanted:
        message = f"a client needs a scope: use some of {', '.join(SCOPES)}"
        raise AccountInvalid("scopes", message)
    return " ".join(scope for scope in SCOPES if scope in wanted)


def split_scopes(scopes: str) -> frozenset[str]:
    """Stored or requested scopes as a set."""
    return frozenset(scopes.split())
