"""Query codes: what a citizen keeps to come back with, and what the office keeps to know it.

Ten signs of an alphabet of 30 (digits and capitals without 0, 1, I, L, O, U, which people read for
one another) are 49 bits; with the last four digits of the telephone, and ten tries in a quarter of
an hour, nobody guesses one. The code is made from the secret of the form that was sent, so that a
form sent twice gives the same code twice, and only blind indexes are stored: who reads the database
can track nobody.
"""

import hmac
import re
import unicodedata
import uuid

from minsheng.runtime.crypto import FieldCipher, normal_phone

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
DIGITS = 4
MOST_TRIES = 4
"""Codes that one form can give; the second is for the day two forms make the same one."""
_HALF = LENGTH // 2
_NOISE = re.compile(r"[\s\-－—·.]+")


def new_code(cipher: FieldCipher, key: str, turn: int = 0) -> str:
    """The code that a form's secret ``key`` gives; ``turn`` counts up where it is taken."""
    left = int.from_bytes(cipher.index("portal.code", f"{turn}|{key}"), "big")
    signs = []
    for _ in range(LENGTH):
        left, sign = divmod(left, len(ALPHABET))
        signs.append(ALPHABET[sign])
    return "".join(signs)


def spoken_code(code: str) -> str:
    """The code as it is shown: two halves of five, "7KQ2M-9XH4T"."""
    return f"{code[:_HALF]}-{code[_HALF:]}"


def normal_code(typed: str) -> str:
    """The code as it was made, from how people type it; what cannot be one stays what it is."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", typed)).upper()[: 4 * LENGTH]


def code_index(cipher: FieldCipher, code: str) -> bytes:
    """The blind index of a normal code."""
    return cipher.index("query_codes.code", code or "-")


def digits_index(cipher: FieldCipher, message_id: uuid.UUID, digits: str) -> bytes:
    """The blind index of the last four digits, bound to one message."""
    return cipher.index("query_codes.digits", f"{message_id}|{digits}")


def last_digits(phone: str) -> str:
    """The last four digits of a telephone number as it is dialled."""
    return normal_phone(phone)[-DIGITS:]


def typed_digits(typed: str) -> str:
    """What was typed for them, digits only and at most four."""
    narrow = unicodedata.normalize("NFKC", typed)
    return re.sub(r"\D", "", narrow)[:DIGITS]


def same(one: bytes, other: bytes) -> bool:
    """Compare in the same time whatever differs."""
    return hmac.compare_digest(one, other)
