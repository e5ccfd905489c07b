"""Features as bytes and back, exactly: what a store outside this process keeps of a message.

Gram numbers of a body ascend, so the low byte of each is kept, and of the high bytes how far each
goes on: in a row of bits a one for a gram and a zero for a step (Elias and Fano's way). The content
words are grams of the text: a bit each. What is named is written in GB 18030, two bytes a Han.
"""

import struct

import numpy as np
import numpy.typing as npt

from .facts import Facts
from .features import AT, HEAD, KNOWN, Features
from .grams import UNITS, Grams, distinct

_HASHES = KNOWN.index("handle")
_HEAD = struct.Struct(f"<{_HASHES}IBq4HB")
_STANCES = ("", "praise", "complaint")
_NAMES = "gb18030"
Bytes = npt.NDArray[np.uint8]


def pack(features: Features) -> bytes:
    """`features` without its message id."""
    head = features.head
    subject, body = features.subject.astype("<u2"), _steps(features.body)
    keys = np.packbits(_told(_both(features.subject, features.body), features.keys))
    flags = head[AT["handle"]] | head[AT["stance"]] << 1 | head[AT["again"]] << 3
    sizes = (head[AT["size"]], len(subject), len(body), len(features.body))
    fixed = _HEAD.pack(
        *head[:_HASHES], flags, head[AT["second"]], *sizes, len(features.topics)
    )  # fmt: skip
    parts = (subject.tobytes(), body, keys.tobytes(), features.topics)
    return b"".join((fixed, *parts, features.facts.packed.encode(_NAMES)))


def unpack(message_id: str, payload: bytes) -> Features:
    """The features that `pack` made `payload` of; struct.error when it did not."""
    *hashes, flags, second, size, n, far, m, topics = _HEAD.unpack_from(payload)
    at = _HEAD.size + 2 * n
    end = at + far + (n + m + 7) // 8
    subject = np.frombuffer(payload, "<u2", n, _HEAD.size)
    rest = np.frombuffer(payload, np.uint8, end - at, at)
    body = _grams(rest[:far], m)
    told = np.unpackbits(rest[far:], count=n + m).view(np.bool_)
    keys = distinct(_both(subject, body)[told])
    facts = payload[end + topics :].decode(_NAMES)
    about = payload[end : end + topics]
    stance = flags >> 1 & 3
    head = (
        *hashes, flags & 1, stance, flags >> 3, second, size, m, n, len(keys),
        int(UNITS[body].sum()), int(UNITS[subject].sum()),
    )  # fmt: skip
    grams = np.concatenate((body, subject, keys))
    return Features(message_id, head, grams, about, Facts(facts, _STANCES[stance]))


if len(HEAD) != _HASHES + 10:
    MSG = "packing and features differ: pack what HEAD names"
    raise AssertionError(MSG)


def _both(subject: Grams, body: Grams) -> Grams:
    return np.concatenate((subject, body))


def _told(grams: Grams, keys: Grams) -> npt.NDArray[np.bool_]:
    """Which of `grams` stand in the ascending `keys`."""
    if not len(keys):
        return np.zeros(len(grams), dtype=np.bool_)
    near = np.minimum(np.searchsorted(keys, grams), len(keys) - 1)
    return np.asarray(keys[near] == grams, dtype=np.bool_)


def _steps(grams: Grams) -> bytes:
    """Low bytes of ascending grams, then the bits of their high bytes."""
    high = (grams >> 8).astype(np.int64)
    bits = np.zeros(len(high) + int(high[-1]) if len(high) else 0, dtype=np.uint8)
    bits[high + np.arange(len(high))] = 1
    return (grams & 0xFF).astype(np.uint8).tobytes() + np.packbits(bits).tobytes()


def _grams(packed: Bytes, count: int) -> Grams:
    """The `count` grams that `_steps` packed."""
    ones = np.flatnonzero(np.unpackbits(packed[count:]))[:count]
    return np.asarray((ones - np.arange(count)) << 8 | packed[:count], dtype=np.uint16)
