"""Write the shipped calendar, one file a year, from the library chinesecalendar.

Run by hand when the State Council's notice for another year has come into the library; the
service itself reads the files only. A year beyond the library is written as an estimate: the
statutory days of 全国年节及纪念日放假办法 (as amended for 2025), without the days that are moved to
make bridges, which only the notice can say.
"""

import json
from datetime import date
from pathlib import Path

from chinese_calendar.constants import holidays, workdays

FOLDER = Path(__file__).resolve().parent.parent / "platform/minsheng/handling/data/calendar"
PUBLISHED = range(2019, 2027)
NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}
ESTIMATED = {
    2027: {
        "元旦": ["01-01"],
        "春节": ["02-05", "02-06", "02-07", "02-08"],
        "清明节": ["04-05"],
        "劳动节": ["05-01", "05-02"],
        "端午节": ["06-09"],
        "中秋节": ["09-15"],
        "国庆节": ["10-01", "10-02", "10-03"],
    }
}


def published(year: int) -> dict[str, object]:
    """What the library says of a year; a working weekend is named for the days it makes up."""
    return {
        "year": year,
        "status": "published",
        "source": "国务院办公厅关于节假日安排的通知 (chinesecalendar)",
        "rest": _of(year, holidays),
        "work": {day: f"{name}调休" for day, name in _of(year, workdays).items()},
    }


def estimated(year: int) -> dict[str, object]:
    """The statutory days of a year whose notice is not out."""
    named = ESTIMATED[year]
    rest = {f"{year}-{day}": name for name, days in named.items() for day in days}
    source = "全国年节及纪念日放假办法，通知未发布"
    return {"year": year, "status": "estimated", "source": source, "rest": rest, "work": {}}


def _of(year: int, days: dict[date, str]) -> dict[str, str]:
    found = {day.isoformat(): NAMES[name] for day, name in days.items() if day.year == year}
    return dict(sorted(found.items()))


def main() -> None:
    """Write every year's file."""
    for told in [*map(published, PUBLISHED), *map(estimated, ESTIMATED)]:
        text = json.dumps(told, ensure_ascii=False, indent=1)
        (FOLDER / f"{told['year']}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
