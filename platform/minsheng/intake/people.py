"""What is known of a citizen for the blind indexes: full numbers, masked ones, names, surnames.

Channels write 138****5678 where they hide a number and 张先生 where the caller gave no more. Taken
for a full number or name, either would make one citizen of many: they have indexes of their own.
"""

import re
import unicodedata

from minsheng.intake.text import is_nobody
from minsheng.runtime.crypto import FieldCipher, normal_email, normal_name, normal_phone
from minsheng_sdk import Citizen

PHONE_PART, SURNAME = "phone_part", "surname"
_MASK = re.compile(r"\*|[xX×•●✱#?]{2,}")
_PREFIX = re.compile(r"^(?:(?:00)?86)?0?(?=1[3-9])")
_FRONT, _BEHIND, _WHOLE = 3, 4, 10
_COURTESIES = (
    "先生", "女士", "小姐", "同志", "师傅", "老师", "大爷", "大妈", "阿姨", "经理", "同学",
)  # fmt: skip
_COMPOUND = (
    "欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯",
    "端木", "南宫", "宇文", "长孙", "呼延", "轩辕", "百里", "东郭",
)  # fmt: skip
_NAME = re.compile("[\u4e00-\u9fff]{2,4}")
_ACCOUNTS = frozenset({"leaders_board"})
"""Plugins whose citizens write under an account, which seldom tells a surname."""

_CALLED = re.compile(
    "[小老阿].|大[哥姐妈爷叔姨伯嫂]|妈妈?|爸爸?|爷爷|奶奶|叔叔|阿姨|哥|姐"
    "|先生|女士|小姐|老师|师傅|医生|律师|老板|经理|同学"
)
"""What stands behind the surname in an account that is made of one: 王妈妈, 李老三."""


def citizen_indexes(cipher: FieldCipher, plugin: str, citizen: Citizen) -> dict[str, bytes]:
    """The blind indexes of a message's citizen by their columns; empty for what is not known."""
    return {
        "phone_ix": cipher.index("phone", full_phone(citizen.phone)),
        "email_ix": cipher.index("email", normal_email(citizen.email)),
        "name_ix": cipher.index("name", full_name(citizen.name)),
        "phone_part_ix": cipher.index(PHONE_PART, seen_part(citizen.phone)),
        "surname_ix": cipher.index(SURNAME, surname(citizen.name, plugin)),
    }


def full_phone(phone: str) -> str:
    """A number as it is dialled; empty for one that is masked."""
    return "" if _is_masked(phone) else normal_phone(phone)


def seen_part(phone: str) -> str:
    """The first three and the last four digits, as a masked number shows them: "138*5678".

    The same for the masked and for the full number; empty where fewer digits are shown.
    """
    narrow = unicodedata.normalize("NFKC", phone)
    if not _is_masked(phone):
        digits = normal_phone(phone)
        return f"{digits[:_FRONT]}*{digits[-_BEHIND:]}" if len(digits) >= _WHOLE else ""
    shown = [re.sub(r"\D", "", part) for part in _MASK.split(narrow)]
    front, behind = _PREFIX.sub("", shown[0]), shown[-1]
    if len(front) < _FRONT or len(behind) < _BEHIND:
        return ""
    return f"{front[:_FRONT]}*{behind[-_BEHIND:]}"


def full_name(name: str) -> str:
    """A name or account; empty where none was given (匿名) or only a courtesy (张先生)."""
    said = normal_name(name)
    return "" if is_nobody(said) or said.endswith(_COURTESIES) else said


def surname(name: str, plugin: str) -> str:
    """The surname of a real name or of a courtesy such as 张先生; of an account only where it is
    a surname with a way of calling somebody behind it (王妈妈)."""
    said = normal_name(name)
    if is_nobody(said) or not _NAME.fullmatch(said):
        return ""
    first = 2 if said.startswith(_COMPOUND) and len(said) > 2 else 1
    account = plugin in _ACCOUNTS and not _CALLED.fullmatch(said[first:])
    return "" if account else said[:first]


def _is_masked(phone: str) -> bool:
    return _MASK.search(unicodedata.normalize("NFKC", phone)) is not None
