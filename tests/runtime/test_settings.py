"""Settings are read from one table; what stands in none of it stops the service."""

from pathlib import Path

import pytest

from minsheng.runtime.settings import SETTINGS, SettingRefused, Settings


def test_defaults_hold_where_nothing_is_given() -> None:
    settings = Settings.from_environ({"PATH": "/bin"})
    assert {setting.name: setting.default for setting in SETTINGS} == settings.values


def test_what_is_given_holds_and_an_empty_value_is_none_given() -> None:
    settings = Settings.from_environ({"MINSHENG_QUEUE": "tests", "MINSHENG_PORT": ""})
    assert settings.text("MINSHENG_QUEUE") == "tests"
    assert settings.number("MINSHENG_PORT") == 8000


def test_an_unknown_variable_is_refused_by_name() -> None:
    with pytest.raises(SettingRefused, match="MINSHENG_PROT"):
        Settings.from_environ({"MINSHENG_PROT": "8000"})


@pytest.mark.parametrize("value", ["eighty", "80.5", "8 0", "0x50"])
def test_a_number_that_is_none_is_refused(value: str) -> None:
    settings = Settings.from_environ({"MINSHENG_PORT": value})
    with pytest.raises(SettingRefused, match="MINSHENG_PORT needs a whole number"):
        settings.number("MINSHENG_PORT")


def test_asking_for_a_setting_that_does_not_exist_is_a_programmers_error() -> None:
    with pytest.raises(KeyError):
        Settings.from_environ({}).text("MINSHENG_NOTHING")


def test_tests_are_recognised_by_their_own_setting() -> None:
    assert Settings.from_environ({"MINSHENG_TESTING": "1"}).testing
    assert not Settings.from_environ({}).testing


def test_a_given_home_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.from_environ({"MINSHENG_HOME": "here"}).home == tmp_path / "here"


def test_two_checkouts_never_share_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    homes = []
    for name in ("one/minsheng", "two/minsheng"):
        (tmp_path / name).mkdir(parents=True)
        monkeypatch.chdir(tmp_path / name)
        homes.append(Settings.from_environ({}).home)
    assert homes[0] != homes[1]
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert Settings.from_environ({}).home == tmp_path / "two/minsheng" / "var"
