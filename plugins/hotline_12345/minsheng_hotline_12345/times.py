"""The hotline's times: local, to the second, in several forms.

Times without a zone are Beijing time. China has had no summer time since 1991, before any 12345
order in this form, so a fixed offset says all and needs no time zone database.
"""

from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
FORM = "%Y-%m-%d %H:%M:%S"
FIRST_SECOND = "1970-01-01 08:00:00"
NONE_TIME = "0001-01-01"
"""How .NET platforms write "no time", recorded as 0001-01-01T00:00:00."""
_YEARS = range(1970, 2101)


def read_time(text: str) -> datetime | None:
    """Read "2026-01-31 08:00:00", the same with T, slashes, fraction or zone; None for no time.

    The result is in Beijing time. Raises ValueError for anything else, for a date that does not
    exist and for a year outside 1970 to 2100.
    """
    text = text.strip()
    if not text or text.startswith(NONE_TIME):
        return None
    moment = datetime.fromisoformat(text.replace("/", "-"))
    if moment.year not in _YEARS:
        message = f"year {moment.year} is outside {_YEARS.start} to {_YEARS.stop - 1}"
        raise ValueError(message)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)
    return aware.astimezone(BEIJING)


def to_second(moment: datetime) -> str:
    """Write an aware time as the source does: Beijing time to the second."""
    return moment.astimezone(BEIJING).strftime(FORM)


def shifted(second: str, by: float) -> str:
    """Return the second ``by`` seconds later (earlier when negative), never before 1970."""
    moment = datetime.strptime(second, FORM).replace(tzinfo=BEIJING) + timedelta(seconds=by)
    return max(moment.strftime(FORM), FIRST_SECOND)
