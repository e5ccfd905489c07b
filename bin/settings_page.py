"""Write the table in ``docs/settings.md`` from the one table of settings in the code."""

from pathlib import Path

from minsheng.runtime.settings import SETTINGS

PAGE = Path(__file__).resolve().parent.parent / "docs/settings.md"
BEGIN, END = "<!-- settings: written by `make docs` -->", "<!-- settings: end -->"


def table() -> str:
    """The settings as a Markdown table, in the code's order."""
    rows = ["| setting | default | what it does |", "|---|---|---|"]
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else "(empty)"
        meaning = setting.help.replace("|", "\\|")
        rows.append(f"| `{setting.name}` | {default} | {meaning} |")
    return "\n".join(rows)


def page(text: str) -> str:
    """``text`` with what stands between the two marks replaced by the table."""
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
