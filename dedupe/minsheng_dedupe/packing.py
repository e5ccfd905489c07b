"""Features as bytes and back, exactly: what a store outside this process keeps of a message.

Gram numbers of a body stand ascending and close, so each is kept as its distance from the one
before, in bytes: 255 says "255 on and no gram here". The content words are grams of the text: a
bit each.
"""

import struct

import numpy as np
import numpy.typing as npt

from .facts import Facts, coded_facts
from .features import HEAD, Features
from .grams import Grams
from .problems import Problem

_HEAD = struct.Struct("<ddH4HB")
_FIXED = _HEAD.size + 8 * len(HEAD)
_STANCES = ("", "praise", "complaint")
_FAR = 255
Bytes = npt.NDArray[np.uint8]


def pack(features: Features) -> bytes:
    """`features` without its message id."""
    subject, body = features.subject.astype("<u2"), _distances(features.body)
    keys = np.packbits(np.isin(_both(features.subject, features.body), features.problem.keys))
    sizes = (len(subject), len(features.body), len(body), len(keys))
    topics = features.problem.topics
    head = _HEAD.pack(features.day, features.weight, features.size, *sizes, len(topics))
    parts = (
        head, features.head.astype("<i8").tobytes(), subject.tobytes(), body.tobytes(),
        keys.tobytes(), topics, features.facts.packed.encode(),
    )  # fmt: skip
    return b"".join(parts)


def unpack(message_id: str, payload: bytes) -> Features:
    """The features that `pack` made `payload` of; struct.error when it did not."""
    day, weight, size, n, m, far, keys, topics = _HEAD.unpack_from(payload)
    head = np.frombuffer(payload, "<i8", len(HEAD), _HEAD.size)
    subject = np.frombuffer(payload, "<u2", n, _FIXED)
    rest = np.frombuffer(payload, np.uint8, far + keys, _FIXED + 2 * n)
    body = _grams(rest[:far])
    told = np.unpackbits(rest[far:], count=n + m).astype(np.bool_)
    end = _FIXED + 2 * n + far + keys
    facts = payload[end + topics :].decode()
    return Features(
        message_id, day, weight, size, head, subject, body,
        Facts(facts, _STANCES[int(head[-1])], coded_facts(facts)),
        Problem(payload[end : end + topics], np.unique(_both(subject, body)[told])),
    )  # fmt: skip


def _both(subject: Grams, body: Grams) -> Grams:
    return np.concatenate((subject, body))


def _distances(grams: Grams) -> Bytes:
    """Steps between ascending grams: as many 255 as go into a step, and the rest."""
    steps = np.diff(grams.astype(np.int64), prepend=0)
    far = steps // _FAR
    packed = np.full(int(far.sum()) + len(grams), _FAR, dtype=np.uint8)
    packed[(far + 1).cumsum() - 1] = steps - far * _FAR
    return packed


def _grams(packed: Bytes) -> Grams:
    """The grams that `_distances` packed."""
    return np.asarray(packed.cumsum(dtype=np.int64)[packed != _FAR], dtype=np.uint16)
