"""Cells of the CSV files that we hand out: a spreadsheet must not take one for a formula.

OWASP "CSV Injection": a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage
return may be run when the file is opened. Full-width forms are taken for the same signs by
spreadsheets in Chinese. Such a cell gets an apostrophe in front, which spreadsheets hide.
"""

import csv
import io
from collections.abc import Iterable, Sequence

_DANGEROUS = frozenset("=+-@\t\r\n＝＋－﹣−＠﹫﹢﹦")
_BLANK = " \u00a0\u3000\ufeff\u200b"


def safe_cell(value: str) -> str:
    """The value, with an apostrophe in front where a spreadsheet might take it for a formula."""
    first = value.lstrip(_BLANK)[:1]
    return f"'{value}" if first in _DANGEROUS and first else value


def csv_text(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A CSV file that spreadsheets read as UTF-8: a byte order mark first, every cell safe."""
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    for row in (head, *rows):
        writer.writerow([safe_cell(cell) for cell in row])
    return text.getvalue()
