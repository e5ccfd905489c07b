"""The page on settings and the table in the code say the same."""

import re
from pathlib import Path

import pytest

from minsheng.runtime.settings import SETTINGS, Setting, SettingRefused, Settings

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `(MINSHENG_\w+)` \| (.*?) \| (.*) \|$", re.MULTILINE)


def documented() -> dict[str, tuple[str, str]]:
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    return {name: (default, meaning) for name, default, meaning in ROW.findall(text)}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_stands_on_the_page_with_its_default_and_meaning(setting: Setting) -> None:
    default = f"`{setting.default}`" if setting.default else "(empty)"

    assert documented()[setting.name] == (default, setting.help.replace("|", "\\|"))


def test_the_page_names_no_setting_that_the_code_does_not_know() -> None:
    assert set(documented()) - {setting.name for setting in SETTINGS} == set()


def test_a_documented_variable_is_read_and_a_misspelt_one_refused() -> None:
    name = next(iter(documented()))
    assert Settings.from_environ({name: "given"}).text(name) == "given"

    with pytest.raises(SettingRefused, match="MINSHENG_HOEM"):
        Settings.from_environ({"MINSHENG_HOEM": "given"})
