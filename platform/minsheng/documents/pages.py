"""Filling the pages of documents; what people wrote is always text, never markup."""

from jinja2 import Environment, PackageLoader, StrictUndefined

_PAGES = Environment(
    loader=PackageLoader("minsheng.documents", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def fill(page: str, **values: object) -> str:
    """The HTML of a page of ``documents/templates``; a value that is missing is an error."""
    return _PAGES.get_template(page).render(**values)
