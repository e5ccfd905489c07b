"""The one door to the catalogues: messages in the code are the Chinese ones."""

from collections.abc import Iterable

from flask_babel import gettext  # type: ignore[import-untyped]  # it has no types

from minsheng.faces.web.locale import language


def _(message: str, **values: object) -> str:
    """The message in the language of the request, with ``%(name)s`` filled in."""
    return str(gettext(message, **values))


def listed(items: Iterable[str]) -> str:
    """Several names in a row, divided as the language of the request does."""
    return ("、" if language() == "zh" else ", ").join(items)
