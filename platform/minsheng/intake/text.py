"""Citizens' words made safe to store and to search: cleaned, and without personal numbers.

The placeholders stand for telephones, identity numbers, plates, mail addresses and the citizen's
own name as far as the channel told it; other names in free text stay (a stated limit, DESIGN
invariant 10). Forms: mobile numbers by the numbering plan (11 digits, 1[3-9]), GB 11643 identity
numbers (17 digits and a check digit), GA 36 plates.
"""

import re

PHONE, IDENTITY, PLATE, MAIL, NAME = "〔电话〕", "〔证件号〕", "〔车牌〕", "〔邮箱〕", "〔姓名〕"

_SEPARATOR = r"[\s\-－—]?"
_IDENTITY = re.compile(
    rf"(?<!\d)[1-9]\d{{5}}{_SEPARATOR}(?:19|20)\d{{2}}[01]\d[0-3]\d{_SEPARATOR}\d{{3}}[0-9Xx](?!\d)"
)
# The country's prefix belongs to a mobile number, and the 0 that callers from elsewhere dial first.
_MOBILE = re.compile(
    rf"(?<!\d)(?:(?:\+|00)?86{_SEPARATOR})?0?1[3-9]\d{_SEPARATOR}\d{{4}}{_SEPARATOR}\d{{4}}(?!\d)"
)
_AREA = r"[1-9]\d{1,2}"
_LANDLINE = re.compile(
    rf"(?<!\d)(?:(?:\+|00)86{_SEPARATOR}(?:\(0?{_AREA}\)|0?{_AREA})|\(0{_AREA}\)|0{_AREA})"
    rf"{_SEPARATOR}[2-9]\d{{2,3}}{_SEPARATOR}\d{{4}}(?!\d)"
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Za-z][·•\s]?"
    r"(?:[A-Za-z0-9]{5,6}(?![A-Za-z0-9])|[A-Za-z0-9]{4}[学警港澳挂])"
)
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_UNWRITABLE = re.compile(r"[\x00\ud800-\udfff]")
# Full-width forms and the ideographic space, each as its narrow twin, so that positions stay.
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_LEAST_NAME = 2
_NO_NAMES = frozenset(("匿名", "先生", "女士", "市民", "居民", "村民", "业主", "群众", "网友"))
"""What channels write where no name was given; as a name it would blot out every such word."""


def clean_text(text: str) -> str:
    """Text that PostgreSQL and UTF-8 take: control characters and lone surrogates are dropped."""
    return _UNSTORABLE.sub("", text).strip()


def is_storable(text: str) -> bool:
    """Whether a name from a source can be stored as it is; a cleaned one would be another name."""
    return _UNWRITABLE.search(text) is None


def mask_text(text: str, citizen_name: str = "") -> str:
    """The text with placeholders for personal numbers and the citizen's name."""
    for pattern, placeholder in (
        (_IDENTITY, IDENTITY),
        (_MOBILE, PHONE),
        (_LANDLINE, PHONE),
        (_MAIL, MAIL),
        (_PLATE, PLATE),
    ):
        text = _mask(pattern, placeholder, text)
    name = citizen_name.strip()
    if len(name) >= _LEAST_NAME and name not in _NO_NAMES:
        text = text.replace(name, NAME)
    return text


def is_nobody(name: str) -> bool:
    """Whether this is what channels write where no name was given: 匿名, 网友, 匿名用户."""
    return name in _NO_NAMES or "匿名" in name


def mask_name(name: str) -> str:
    """A name as it is shown by default: the first character and a star, "李*"."""
    name = name.strip()
    return f"{name[0]}*" if name else ""


def mask_phone(phone: str) -> str:
    """A number as it is shown by default: three digits in front, two behind, "138******78"."""
    phone = phone.strip()
    return f"{phone[:3]}{'*' * max(len(phone) - 5, 3)}{phone[-2:]}" if len(phone) > 5 else "***"


def _mask(pattern: re.Pattern[str], placeholder: str, text: str) -> str:
    """Replace matches; full-width digits and letters are matched as their narrow twins."""
    narrow = text.translate(_NARROW)
    pieces, at = [], 0
    for found in pattern.finditer(narrow):
        pieces += [text[at : found.start()], placeholder]
        at = found.end()
    return "".join([*pieces, text[at:]])
