"""The one door to the catalogues: messages in the code are the Chinese ones."""

from flask_babel import gettext  # type: ignore[import-untyped]  # it has no types


def _(message: str, **values: object) -> str:
    """The message in the language of the request, with ``%(name)s`` filled in."""
    return str(gettext(message, **values))
