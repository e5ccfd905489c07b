"""Language and brightness of the pages: what the person chose, else what the browser asks for."""

from flask import Flask, current_app, request
from flask_babel import Babel  # type: ignore[import-untyped]  # it has no types

LANGUAGES = ("zh", "en")
THEMES = ("auto", "light", "dark")
LANGUAGE_COOKIE, THEME_COOKIE = "minsheng_language", "minsheng_theme"


def language() -> str:
    """``zh`` or ``en``."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    asked = request.accept_languages.best_match(LANGUAGES)
    return asked or str(current_app.config["BABEL_DEFAULT_LOCALE"])


def theme() -> str:
    """``auto``, ``light`` or ``dark``."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "auto"


def register_locale(app: Flask) -> None:
    """Load the catalogues; the messages in the code are the Chinese ones."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "zh")
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = f"{app.root_path}/translations"
    Babel(app, locale_selector=language, default_locale=app.config["BABEL_DEFAULT_LOCALE"])
