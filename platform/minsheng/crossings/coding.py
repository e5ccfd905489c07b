"""Two-step keying: what an office hands over, and what the match service stores of it.

Step one, in the office: each token and contact becomes ``HMAC-SHA-256(contribution key, kind |
value)``, cut to 16 bytes. Step two, in the match service: ``HMAC-SHA-256(provincial key, kind |
step one)``. The contribution key is the same for the offices of a province, or their codes could
not meet; the provincial key is in no office's hands, so that no office can compute what another
office's code of a telephone would be. Step-one values are never stored.

Of grams the service keeps a bottom-k sketch: the ``k`` smallest 32-bit codes (b-bit MinHash with
bottom-k sampling; Broder 1997, Li and König 2010). Two sketches below the lower of their largest
codes are two samples of the same part of both texts, so the share of one text in the other can be
told as well as their likeness.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from minsheng.crossings.tokens import Tokens

BODY_CODES, SUBJECT_CODES = 128, 32
"""The k of the sketches of body and subject; 192 and 48 measured no better."""
_BLIND, _CONTACT, _GRAM = 16, 16, 4


@dataclass(frozen=True, slots=True)
class Contact:
    """Whole contacts of a citizen in their normal form; empty where unknown or not given."""

    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Blinded:
    """What an office hands to the match service; only equality can be read from it.

    ``region`` is the county's code of six digits or empty, ``day`` when the message came.
    """

    phone: bytes
    email: bytes
    body: tuple[bytes, ...]
    subject: tuple[bytes, ...]
    keys: tuple[bytes, ...]
    asked: tuple[bytes, ...]
    region: str
    day: date


@dataclass(frozen=True, slots=True)
class Codes:
    """What is stored and compared; ``asked`` is never stored. Sketches ascend."""

    phone: bytes
    email: bytes
    body: tuple[int, ...]
    subject: tuple[int, ...]
    keys: frozenset[int]
    region: str
    day: date
    asked: frozenset[int] = frozenset()


def blind(key: bytes, tokens: Tokens, contact: Contact, region: str, day: date) -> Blinded:
    """Step one, by the office with the contribution key."""
    return Blinded(
        phone=_contact(key, b"phone", contact.phone),
        email=_contact(key, b"email", contact.email),
        body=_each(key, b"body", tokens.body),
        # One kind for both, so that a subject can be looked for in a body.
        subject=_each(key, b"body", tokens.subject),
        keys=_each(key, b"key", tokens.keys),
        asked=_each(key, b"key", tokens.asked),
        region=region,
        day=day,
    )


def encode(key: bytes, blinded: Blinded) -> Codes:
    """Step two, by the match service with one provincial key."""
    return Codes(
        phone=_again(key, b"phone", blinded.phone),
        email=_again(key, b"email", blinded.email),
        body=_sketch(key, blinded.body, BODY_CODES),
        subject=_sketch(key, blinded.subject, SUBJECT_CODES),
        keys=frozenset(_grams(key, b"key", blinded.keys)),
        region=blinded.region,
        day=blinded.day,
        asked=frozenset(_grams(key, b"key", blinded.asked)),
    )


def _contact(key: bytes, kind: bytes, value: str) -> bytes:
    return _mac(key, kind, value.encode())[:_BLIND] if value else b""


def _again(key: bytes, kind: bytes, blinded: bytes) -> bytes:
    return _mac(key, kind, blinded)[:_CONTACT] if blinded else b""


def _each(key: bytes, kind: bytes, tokens: Iterable[bytes]) -> tuple[bytes, ...]:
    # In the order of the values, which is no order of the text.
    return tuple(sorted(_mac(key, kind, token)[:_BLIND] for token in tokens))


def _grams(key: bytes, kind: bytes, blinded: Iterable[bytes]) -> set[int]:
    return {int.from_bytes(_mac(key, kind, value)[:_GRAM], "big", signed=True) for value in blinded}


def _sketch(key: bytes, blinded: Iterable[bytes], most: int) -> tuple[int, ...]:
    return tuple(sorted(_grams(key, b"body", blinded))[:most])


def _mac(key: bytes, kind: bytes, value: bytes) -> bytes:
    return hmac.digest(key, kind + b"|" + value, "sha256")
