"""A message of the shared dedupe bench as the service would hand it to the matcher.

The bench holds telephones and names in clear; here they become keyed indexes: of the telephone,
of what a masked one leaves to be seen, of the name and of the surname. An anonymous citizen has
no name, a bare courtesy such as 张先生 has a surname only, and the name on a message board is an
account, which has a surname only where it reads like one (王妈妈), as in the service.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from minsheng_dedupe import Record

_CHINA = timezone(timedelta(hours=8))
_CHANNELS = {"hotline": "hotline_12345", "board": "leaders_board"}
_KEY = b"bench"
_COURTESY = ("先生", "女士")
_NAME = re.compile("[\u4e00-\u9fff]{2,4}")
_CALLED = re.compile(
    "[小老阿].|大[哥姐妈爷叔姨伯嫂]|妈妈?|爸爸?|爷爷|奶奶|叔叔|阿姨|哥|姐"
    "|先生|女士|小姐|老师|师傅|医生|律师|老板|经理|同学"
)


def bench_record(rec: Mapping[str, str]) -> Record:
    """One row of a bench corpus as a `Record`."""
    phone = _digits(rec["phone"])
    name = "" if "匿名" in rec["name"] else rec["name"]
    channel = _CHANNELS.get(rec["channel"], rec["channel"])
    return Record(
        rec["message_id"], channel, rec["subject"], rec["body"],
        datetime.fromisoformat(rec["created_at"]).replace(tzinfo=_CHINA),
        rec["region"],
        phone_ix=_index("" if "*" in phone else phone),
        phone_part_ix=_index(phone and f"{phone[:3]}*{phone[-4:]}"),
        name_ix=_index("" if name.endswith(_COURTESY) else name),
        surname_ix=_index(_surname(name, channel)),
    )  # fmt: skip


def _digits(phone: str) -> str:
    seen = re.sub(r"[^\d*]", "", phone)
    return seen[2:] if seen.startswith("86") and len(seen) > 11 else seen


def _surname(name: str, channel: str) -> str:
    account = channel == "leaders_board" and not _CALLED.fullmatch(name[1:])
    return name[:1] if _NAME.fullmatch(name) and not account else ""


def _index(value: str) -> bytes:
    return hashlib.blake2b(value.encode(), key=_KEY, digest_size=16).digest() if value else b""
