"""The colours of the pages, held to WCAG 2.2 AA (1.4.3 text 4.5:1, 1.4.11 controls 3:1)."""

import re
from pathlib import Path

import pytest

import minsheng.faces

TOKENS = Path(minsheng.faces.__file__).parent / "frontend" / "src" / "tokens.css"
_BLOCK = re.compile(r"(:root[^{]*)\{([^}]*)\}")
_COLOUR = re.compile(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6});")

GROUNDS = ("paper", "raised")
TEXTS = ("ink", "ink-2", "ink-3", "accent", "danger", "warn", "ok", "info")
TEXTS += ("phone", "mail", "board")
SOFT = ("accent", "danger", "warn", "ok", "info")


def _themes() -> dict[str, dict[str, str]]:
    found = {
        selector.strip(): dict(_COLOUR.findall(body))
        for selector, body in _BLOCK.findall(TOKENS.read_text(encoding="utf-8"))
    }
    light, system_dark, chosen_dark = found.values()
    return {"light": light, "dark": light | system_dark, "chosen dark": light | chosen_dark}


def _luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance, of ``#rrggbb``."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio: 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_on_white_is_21_and_of_equal_colours_1() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1


@pytest.mark.parametrize("theme", ["light", "dark", "chosen dark"])
def test_every_text_colour_is_readable_on_every_ground(theme: str) -> None:
    colours = _themes()[theme]
    pairs = [(text, ground) for text in TEXTS for ground in (*GROUNDS, "sunken") if text != ground]
    pairs += [(tone, f"{tone}-soft") for tone in SOFT]
    pairs += [("accent-ink", "accent"), ("ink", "mark"), ("ink-3", "accent-soft")]
    pairs += [("ink-2", "accent-soft"), ("ink", "danger-soft"), ("ink", "warn-soft")]
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_borders_of_controls_and_frames_of_figures_stand_out(theme: str) -> None:
    colours = _themes()[theme]
    pairs = [("line-strong", ground) for ground in GROUNDS] + [("mark-line", "raised")]
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 3} == {}


def test_the_chosen_dark_is_the_dark_of_the_system() -> None:
    themes = _themes()
    assert themes["dark"] == themes["chosen dark"]
    assert themes["dark"] != themes["light"]
