"""HTML to PDF/A-like pages with embedded Chinese fonts, by WeasyPrint.

WeasyPrint draws with Pango, a library of the operating system; it is loaded when the first page is
drawn, so that an installation without it runs and says what is missing when a PDF is asked for.
"""

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any


class PdfToolMissing(Exception):
    """The libraries that draw pages are not installed."""


def render_pdf(html: str) -> bytes:
    """The pages of a whole HTML document; it may name no other address. Raises PdfToolMissing."""
    return bytes(_weasyprint().HTML(string=html, url_fetcher=_refuse).write_pdf())


@cache
def _weasyprint() -> ModuleType:
    try:
        return import_module("weasyprint")
    except OSError as error:
        message = "PDF needs Pango: install libpango-1.0-0, libpangoft2-1.0-0 and fonts-noto-cjk"
        raise PdfToolMissing(message) from error


def _refuse(url: str, *_rest: object, **_more: object) -> dict[str, Any]:
    message = f"a document of ours names no other address, but {url[:80]}"
    raise ValueError(message)
