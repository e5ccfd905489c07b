"""The one door to the catalogues: messages in the code are the Chinese ones."""

from collections.abc import Iterable
from typing import Any

from flask import g
from flask_babel import get_translations  # type: ignore[import-untyped]  # it has no types

from minsheng.faces.web.locale import language

_KEPT = "minsheng_catalogue"


def _(message: str, **values: object) -> str:
    """The message in the language of the request, with ``%(name)s`` filled in."""
    said = str(_catalogue().gettext(message))
    return said % values if values else said


def listed(items: Iterable[str]) -> str:
    """Several names in a row, divided as the language of the request does."""
    return ("、" if language() == "zh" else ", ").join(items)


def _catalogue() -> Any:  # noqa: ANN401  Babel has no types
    """The catalogue of the request, looked up once: a page says a hundred words and more."""
    if not g:
        return get_translations()
    kept = g.get(_KEPT)
    if kept is None:
        kept = get_translations()
        setattr(g, _KEPT, kept)
    return kept
