"""Failpoints exist for tests only, fire once at their turn, and have known names."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import minsheng
from minsheng.runtime.failpoints import (
    FAILPOINTS,
    FailpointReached,
    Failpoints,
    arm,
    failpoint,
)
from minsheng.runtime.settings import SettingRefused, Settings

NAME = FAILPOINTS[0]


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    arm(Failpoints())


def armed(home: Path, said: str, testing: str = "1") -> Failpoints:
    values = {"MINSHENG_FAILPOINTS": said, "MINSHENG_HOME": str(home), "MINSHENG_TESTING": testing}
    return Failpoints.from_settings(Settings.from_environ(values))


def test_outside_of_tests_they_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="tests only"):
        armed(tmp_path, f"{NAME}=raise", testing="")


@pytest.mark.parametrize("said", ["nowhere=raise", f"{NAME}=explode", NAME, f"{NAME}=", "=kill"])
def test_a_misspelt_one_is_refused(tmp_path: Path, said: str) -> None:
    with pytest.raises(SettingRefused, match="unknown failpoint"):
        armed(tmp_path, said)


def test_an_unarmed_place_is_passed(tmp_path: Path) -> None:
    arm(armed(tmp_path, f"{NAME}=raise"))
    failpoint(FAILPOINTS[1])
    assert not (tmp_path / "failpoints").exists()


def test_an_armed_place_raises_at_its_turn_once_in_a_homes_life(tmp_path: Path) -> None:
    arm(armed(tmp_path, f"{NAME}=raise@3"))
    failpoint(NAME)
    failpoint(NAME)
    with pytest.raises(FailpointReached, match=NAME):
        failpoint(NAME)
    failpoint(NAME)
    arm(armed(tmp_path, f"{NAME}=raise"))
    failpoint(NAME)
    assert (tmp_path / "failpoints" / NAME).exists()


def test_several_are_armed_at_once(tmp_path: Path) -> None:
    arm(armed(tmp_path, ",".join(f"{name}=raise" for name in FAILPOINTS)))
    for name in FAILPOINTS:
        with pytest.raises(FailpointReached, match=name):
            failpoint(name)


def test_every_place_in_the_source_has_a_name_and_every_name_a_place() -> None:
    (room,) = minsheng.__path__
    sources = [path.read_text(encoding="utf-8") for path in Path(room).rglob("*.py")]
    placed = {name for source in sources for name in re.findall(r'failpoint\("([^"]+)"\)', source)}
    assert placed == set(FAILPOINTS)
