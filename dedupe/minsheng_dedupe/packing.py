"""Features as bytes and back, exactly: what a store outside this process keeps of a message."""

import struct
from collections.abc import Sequence

import numpy as np

from .facts import Facts
from .features import Features
from .problems import Problem

_HEAD = struct.Struct("<dqd9I")


def pack(features: Features) -> bytes:
    """`features` without its message id."""
    parts = (
        features.region.encode(), features.phone_ix, features.email_ix, features.name_ix,
        features.facts.stance.encode(), features.subject.astype("<u4").tobytes(),
        features.body.astype("<u4").tobytes(), features.problem.topics,
        features.problem.keys.astype("<u4").tobytes(),
    )  # fmt: skip
    head = _HEAD.pack(features.day, features.content, features.weight, *map(len, parts))
    return b"".join((head, *parts, features.facts.packed.encode()))


def unpack(message_id: str, payload: bytes) -> Features:
    """The features that `pack` made `payload` of; struct.error when it did not."""
    day, content, weight, *lengths = _HEAD.unpack_from(payload)
    at, parts = _HEAD.size, []
    for length in lengths:
        parts.append(payload[at : at + length])
        at += length
    region, phone_ix, email_ix, name_ix, stance, subject, body, topics, keys = parts
    return Features(
        message_id, day, region.decode(), phone_ix, email_ix, name_ix, content, weight,
        np.frombuffer(subject, dtype="<u4"), np.frombuffer(body, dtype="<u4"),
        Facts(payload[at:].decode(), stance.decode()),
        Problem(topics, np.frombuffer(keys, dtype="<u4")),
    )  # fmt: skip


def pack_codes(codes: Sequence[int]) -> bytes:
    """64-bit codes in the order given."""
    return np.array(codes, dtype="<i8").tobytes()


def unpack_codes(packed: bytes) -> list[int]:
    """The codes that `pack_codes` packed."""
    return [int(code) for code in np.frombuffer(packed, dtype="<i8")]
