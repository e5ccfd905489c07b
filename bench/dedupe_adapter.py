"""Our matcher for the shared dedupe bench (`DEDUPE_OURS` names this file, its README says how).

The bench's records hold telephones and names in clear; here they become what the service would
hand over: a keyed index for each, and none for a masked telephone, an anonymous citizen or a bare
courtesy such as 张先生, which is nobody's name.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

import common  # type: ignore[import-not-found]  # the bench's own module, on its path

from minsheng_dedupe import Match, Matcher, MemoryStore, Record

_CHINA = timezone(timedelta(hours=8))
_CHANNELS = {"hotline": "hotline_12345", "board": "leaders_board", "mailbox": "mailbox"}
_KEY = b"bench"


class Ours(common.Peer):  # type: ignore[misc]
    """The levels as they ship: nothing is learnt from the bench's labels."""

    note = "rare 4-gram codes + citizen codes; hand-set levels in bits, vetoes; nothing fitted"
    prep = "raw"

    def setup(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.matcher = Matcher(None, MemoryStore())

    def add(self, rec: dict[str, str]) -> None:
        self.matcher.add(_record(rec))

    def add_many(self, recs: Iterable[dict[str, str]]) -> None:
        for rec in recs:
            self.add(rec)

    def match(self, rec: dict[str, str]) -> list[tuple[str, float]]:
        return _scored(self.matcher.match(_record(rec)))

    def stream(self, recs: list[dict[str, str]]) -> list[list[tuple[str, float]]]:
        answers = self.matcher.arrive([_record(r) for r in recs])
        return [_scored(a) for a in answers]


def _scored(matches: list[Match]) -> list[tuple[str, float]]:
    return sorted(((m.message_id, m.score) for m in matches), key=lambda m: (-m[1], m[0]))


def _record(rec: dict[str, Any]) -> Record:
    return Record(
        rec["message_id"],
        _CHANNELS.get(rec["channel"], rec["channel"]),
        rec["subject"],
        rec["body"],
        datetime.fromisoformat(rec["created_at"]).replace(tzinfo=_CHINA),
        rec["region"],
        phone_ix=_index(common.digits(rec["phone"])),
        name_ix=_index(rec["name"]),
    )


def _index(value: str) -> bytes:
    if not value or "*" in value or "匿名" in value or value.endswith(("先生", "女士")):
        return b""
    return hashlib.blake2b(value.encode(), key=_KEY, digest_size=16).digest()
