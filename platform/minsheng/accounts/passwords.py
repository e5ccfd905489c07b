"""Passwords: their form, and Argon2id over them (RFC 9106).

The cost is what the OWASP Password Storage Cheat Sheet asks for at least: 19 MiB of memory, two
passes, one lane. One lane, since the web server already runs a request on each core; the lock
after ten tries, not the cost of a hash, is what stops guessing over the network.
"""

import base64
import os
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from minsheng.accounts.errors import AccountInvalid
from minsheng.accounts.weak_passwords import is_guessable

SHORTEST = 10
LONGEST = 200
DIFFERENT = 5
SHORTEST_NAME = 4
"""A user name shorter than this stands in many a good password."""
MEMORY_KIB = 19456
PASSES = 2
LANES = 1

_hasher = PasswordHasher(
    time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, hash_len=32, salt_len=16
)


def hash_password(password: str) -> str:
    """The Argon2id hash of a password in its encoded form.

    Raises AccountInvalid when it has fewer than 10 or more than 200 characters.
    """
    _check_length(password)
    return _hasher.hash(_plain(password))


def password_fits(stored: str, password: str) -> bool:
    """Whether ``password`` is the one that ``stored`` is the hash of; always the full work."""
    plain = _plain(password[:LONGEST])
    if is_outdated(stored):
        # A hash of a lower cost answers sooner, which would tell that the account exists.
        _fits(nobodys_hash(), plain)
    return _fits(stored, plain) and len(password) <= LONGEST


def check_choice(password: str, username: str, old: str = "") -> None:
    """Raise AccountInvalid for a password that a person may not choose as their own.

    NIST SP 800-63B-4 3.1.1.2 asks for no rules on kinds of characters, but to refuse what is
    expected: what is common or built of such (:mod:`.weak_passwords`), the user name in it, or
    fewer than five different characters. ``old`` is what was typed as the one that it replaces.
    """
    _check_length(password)
    plain = _plain(password).lower()
    named = len(username) >= SHORTEST_NAME and username.encode() in plain
    if named or len(set(password)) < DIFFERENT:
        message = "a password needs five different characters and not the user name: choose another"
        raise AccountInvalid("password", message)
    if is_guessable(password, username):
        message = "this password is among the first that are tried: choose a longer or rarer one"
        raise AccountInvalid("password", message)
    if old and plain == _plain(old).lower():
        raise same_password()


def same_password() -> AccountInvalid:
    """What is said to somebody who chooses the password there was."""
    message = "this is the password there was: choose another"
    return AccountInvalid("password", message)


def is_outdated(stored: str) -> bool:
    """Whether ``stored`` was made at another cost than today's."""
    return _hasher.check_needs_rehash(stored)


def nobodys_hash() -> str:
    """A hash that no password fits, as costly to check as a real one, for unknown users."""
    salt, digest = (base64.b64encode(os.urandom(n)).decode().rstrip("=") for n in (16, 32))
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"


def _check_length(password: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        message = f"a password needs {SHORTEST} to {LONGEST} characters: choose another"
        raise AccountInvalid("password", message)


def _fits(stored: str, plain: bytes) -> bool:
    try:
        return _hasher.verify(stored, plain)
    except VerifyMismatchError:
        return False


def _plain(password: str) -> bytes:
    """One byte form for what different keyboards type alike (NIST SP 800-63B 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode(errors="surrogatepass")
