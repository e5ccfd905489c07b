"""Moments as people say them. All offices live in one zone: UTC+8, without summer time."""

from datetime import UTC, date, datetime, timedelta, timezone

from babel.dates import format_date

from minsheng.faces.web.words import _

BEIJING = timezone(timedelta(hours=8), "CST")


def local(moment: datetime) -> datetime:
    """The same moment on an office's clock; a naive one is taken as UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(BEIJING)


def exact(moment: datetime) -> str:
    """``2026-11-22 15:20:07``, for hovering and for machines that copy it."""
    return local(moment).strftime("%Y-%m-%d %H:%M:%S")


def day(moment: datetime) -> str:
    """``2026-11-22``: the day on an office's clock."""
    return local(moment).date().isoformat()


def spoken(moment: datetime, now: datetime, language: str) -> str:
    """今天 15:20, 昨天 15:20, 9月27日 周五, or 2025年9月27日 in another year."""
    there, today = local(moment), local(now)
    days = (today.date() - there.date()).days
    clock = there.strftime("%H:%M")
    if days == 0:
        return _("今天 %(clock)s", clock=clock)
    if days == 1:
        return _("昨天 %(clock)s", clock=clock)
    if there.year == today.year:
        pattern = "M月d日 EEE" if language == "zh" else "EEE d MMM"
    else:
        pattern = "y年M月d日" if language == "zh" else "d MMM y"
    return format_date(there, pattern, locale="zh_Hans_CN" if language == "zh" else "en_GB")


def named_day(which: date, today: date, language: str, *, week: bool = False) -> str:
    """9月27日, with its day of the week where asked, and with the year if it is another one."""
    zh = language == "zh"
    pattern = "M月d日" if zh else "d MMM"
    if which.year != today.year:
        pattern = "y年M月d日" if zh else "d MMM y"
    if week:
        pattern = f"{pattern} EEE" if zh else f"EEE {pattern}"
    return format_date(which, pattern, locale="zh_Hans_CN" if zh else "en_GB")


def lasting(seconds: float) -> str:
    """How long something took or recurs: ``0.8 秒``, ``5 分钟``, ``2 小时``."""
    if seconds < 10:
        return _("%(count)s 秒", count=f"{seconds:.1f}".removesuffix(".0"))
    if seconds < 90:
        return _("%(count)s 秒", count=round(seconds))
    if seconds < 3600:
        return _("%(count)s 分钟", count=round(seconds / 60))
    return _("%(count)s 小时", count=round(seconds / 3600))


def size(count: int) -> str:
    """A number of bytes: ``812 B``, ``4.2 KB``, ``1.5 MB``."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1000:.1f} KB"
    return f"{count / 1_000_000:.1f} MB"
