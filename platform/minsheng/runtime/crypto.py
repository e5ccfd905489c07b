"""Citizens' data at rest: fields sealed per office, and blind indexes to find them again.

A sealed field is ``algorithm (1 byte) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag`` with
``office|table|column|row`` as associated data (NIST SP 800-38D), so that a value moved to another
row, column or office does not open. Each office has a data key of its own, wrapped by the master
key that lies outside the database; the index key and the data key are derived from it by HKDF
(RFC 5869). A blind index is HMAC-SHA-256 over the normalised value, cut to 16 bytes.
"""

import hashlib
import hmac
import os
import re
import unicodedata
import uuid
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

AES_256_GCM = b"\x01"
_NONCE = 12
_INDEX = 16


class KeyMissing(Exception):
    """The master key is absent or unreadable, so citizens' data cannot be opened."""


class SealBroken(Exception):
    """A sealed value does not open: another key, another place, or it was changed."""


class FieldCipher:
    """Seals and opens the fields of one office and makes its blind indexes."""

    def __init__(self, tenant_id: int, data_key: bytes) -> None:
        """``data_key`` is the office's own 32 bytes."""
        self.tenant_id = tenant_id
        self._seal = AESGCM(derive(data_key, "seal"))
        self._index_key = derive(data_key, "index")

    def seal(self, place: str, row_id: uuid.UUID, value: bytes | str) -> bytes:
        """Seal a value for ``place`` ("table.column") of one row."""
        plain = value.encode() if isinstance(value, str) else value
        nonce = os.urandom(_NONCE)
        return AES_256_GCM + nonce + self._seal.encrypt(nonce, plain, self._bind(place, row_id))

    def open(self, place: str, row_id: uuid.UUID, sealed: bytes) -> bytes:
        """The value sealed for this place and row; raises SealBroken for any other."""
        nonce, cipher = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            if sealed[:1] != AES_256_GCM:
                raise InvalidTag
            return self._seal.decrypt(nonce, cipher, self._bind(place, row_id))
        except (InvalidTag, ValueError) as error:
            message = f"a sealed value of {place} does not open: check the master key"
            raise SealBroken(message) from error

    def open_text(self, place: str, row_id: uuid.UUID, sealed: bytes | None) -> str:
        """The sealed text, or nothing where nothing was sealed."""
        return self.open(place, row_id, sealed).decode() if sealed else ""

    def index(self, field: str, value: str | bytes) -> bytes:
        """The blind index of a value of ``field``; empty for an empty value."""
        if not value:
            return b""
        plain = value.encode() if isinstance(value, str) else value
        digest = hmac.new(self._index_key, field.encode() + b"|" + plain, hashlib.sha256).digest()
        return digest[:_INDEX]

    def _bind(self, place: str, row_id: uuid.UUID) -> bytes:
        return f"{self.tenant_id}|{place}|{row_id}".encode()


class MasterKey:
    """The key outside the database: wraps the offices' keys, derives the service's own."""

    def __init__(self, key: bytes) -> None:
        """``key`` is 32 random bytes."""
        self._key = key
        self._wrap = AESGCM(derive(key, "wrap"))

    @classmethod
    def load(cls, path: Path) -> "MasterKey":
        """Read the key file; raises KeyMissing when it is absent or too short."""
        try:
            key = path.read_bytes()
        except OSError as error:
            message = f"no master key at {path}: restore it, or run `minsheng demo` for a new home"
            raise KeyMissing(message) from error
        if len(key) != 32:
            message = f"the master key at {path} is not 32 bytes long: restore it from its copy"
            raise KeyMissing(message)
        return cls(key)

    @classmethod
    def load_or_make(cls, path: Path) -> "MasterKey":
        """Read the key file, or make one (mode 0600) for a new home; never overwrites."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls.load(path)
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(32))
        return cls.load(path)

    def purpose(self, name: str) -> bytes:
        """A key of the service's own for one purpose ("audit", "tokens"), 32 bytes."""
        return derive(self._key, f"purpose {name}")

    def new_wrapped_key(self, tenant_id: int) -> bytes:
        """A fresh data key for an office, wrapped."""
        nonce = os.urandom(_NONCE)
        sealed = self._wrap.encrypt(nonce, os.urandom(32), str(tenant_id).encode())
        return AES_256_GCM + nonce + sealed

    def unwrap(self, tenant_id: int, wrapped: bytes) -> FieldCipher:
        """The cipher of an office; raises SealBroken when the key was wrapped by another master."""
        try:
            nonce, sealed = wrapped[1 : 1 + _NONCE], wrapped[1 + _NONCE :]
            key = self._wrap.decrypt(nonce, sealed, str(tenant_id).encode())
        except (InvalidTag, ValueError) as error:
            message = "an office's key does not open: this is not the master key it was made with"
            raise SealBroken(message) from error
        return FieldCipher(tenant_id, key)


def derive(key: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose, by HKDF-SHA-256."""
    return HKDF(SHA256(), 32, None, f"minsheng {purpose}".encode()).derive(key)


def normal_phone(phone: str) -> str:
    """A telephone number as it is dialled within the country, digits only, for the blind index.

    A mobile number (11 digits, 1[3-9]) loses the country's prefix and the 0 that callers from
    elsewhere put before it; a fixed line keeps or regains the 0 of its area code.
    """
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", phone))
    mobile = re.fullmatch(r"(?:(?:00)?86)?0?(1[3-9]\d{9})", digits)
    if mobile:
        return mobile.group(1)
    return re.sub(r"^(?:00)?860?(?=[1-9]\d{8,10}$)", "0", digits)


def normal_email(email: str) -> str:
    """A mail address in small letters without surrounding space."""
    return unicodedata.normalize("NFKC", email).strip().lower()


def normal_name(name: str) -> str:
    """A name without spaces, width or case."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", name)).lower()
