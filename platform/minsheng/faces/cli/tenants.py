"""``tenants``: the tree of bodies, one by one or from a CSV file."""

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import click
from sqlalchemy.orm import Session

from minsheng.faces.cli.shared import as_json, clear_errors, opened, show
from minsheng_tenants import (
    KINDS,
    BodyInvalid,
    BodyNotFound,
    NewBody,
    Tenant,
    create_body,
    find_body,
    list_bodies,
    move_body,
)

COLUMNS = ("code", "name", "kind", "parent")


@click.group()
def tenants() -> None:
    """The tree of bodies."""


@tenants.command("create")
@click.option("--code", help="GB/T 2260 code, or one of its own for a department or ministry.")
@click.option("--name")
@click.option("--kind", type=click.Choice(KINDS))
@click.option("--parent", default="", help="Code of the body above.")
@click.option(
    "--csv",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the columns code, name, kind, parent, in UTF-8 or GB 18030.",
)
@as_json
@clear_errors
def create(
    code: str | None,
    name: str | None,
    kind: str | None,
    parent: str,
    file: Path | None,
    as_json: bool,
) -> None:
    """Add a body, or every row of a file: all of it or, if a row is wrong, nothing."""
    if not (code and name and kind) if file is None else (code or name or kind or parent):
        message = "give --code, --name and --kind, or --csv FILE alone"
        raise click.UsageError(message)
    news = (
        read_rows(file.read_bytes())
        if file
        else [(0, NewBody(str(code), str(name), str(kind), parent))]
    )
    with opened() as process, process.tools.database.owner_session() as session:
        rows = [_row(body) for body in _create_all(session, news)]
    show(rows, as_json=as_json)


@tenants.command("list")
@as_json
@clear_errors
def list_all(as_json: bool) -> None:
    """List every body by code."""
    with opened() as process, process.tools.database.owner_session() as session:
        show([_row(body) for body in list_bodies(session, limit=100_000)], as_json=as_json)


@tenants.command("show")
@click.argument("code")
@as_json
@clear_errors
def show_one(code: str, as_json: bool) -> None:
    """Show one body."""
    with opened() as process, process.tools.database.owner_session() as session:
        show(_row(find_body(session, code)), as_json=as_json)


@tenants.command("move")
@click.argument("code")
@click.option("--parent", required=True, help="Code of the body above from now on.")
@as_json
@clear_errors
def move(code: str, parent: str, as_json: bool) -> None:
    """Put a body, with everything below it, under another parent."""
    with opened() as process, process.tools.database.owner_session() as session:
        show(_row(move_body(session, code, parent)), as_json=as_json)


def read_rows(data: bytes) -> Iterator[tuple[int, NewBody]]:
    """The rows of a CSV file, each with the number of the line on which it begins.

    Empty lines are passed over. Raises ClickException naming the line that cannot be used.
    """
    rows = _numbered(_decode(data))
    _line, header = next(rows, (1, []))
    if sorted(header) != sorted(COLUMNS):
        message = f"line 1: the columns must be {', '.join(COLUMNS)}, not {', '.join(header)!r}"
        raise click.ClickException(message)
    for line, cells in rows:
        if len(cells) != len(COLUMNS):
            message = f"line {line}: {len(COLUMNS)} cells are needed, not {len(cells)}"
            raise click.ClickException(f"{message}; nothing was added")
        yield line, NewBody(**dict(zip(header, cells, strict=True)))


def _numbered(text: str) -> Iterator[tuple[int, list[str]]]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = rows.line_num + 1
        try:
            cells = next(rows, None)
        except csv.Error as error:
            message = f"line {line}: {error}; mend the quotes of this row, nothing was added"
            raise click.ClickException(message) from error
        if cells is None:
            return
        if cells:
            yield line, [cell.strip() for cell in cells]


def _create_all(session: Session, news: Iterable[tuple[int, NewBody]]) -> list[Tenant]:
    """Add all; a refusal names its line, unless that is 0, the command line itself."""
    made = []
    for line, new in news:
        try:
            made.append(create_body(session, new))
        except (BodyInvalid, BodyNotFound) as error:
            message = f"line {line}: {error}; nothing was added" if line else str(error)
            raise click.ClickException(message) from error
    return made


def _decode(data: bytes) -> str:
    """UTF-8, else GB 18030, which Chinese spreadsheets write; anything else is named."""
    for encoding in ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            text = data.decode(encoding)
            break
    else:
        line = _first_bad_line(data)
        message = f"line {line}: neither UTF-8 nor GB 18030: save the file as UTF-8 and try again"
        raise click.ClickException(message)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        message = f"line {line}: holds a NUL, so this is no CSV file: save it as CSV in UTF-8"
        raise click.ClickException(message)
    return text


def _first_bad_line(data: bytes) -> int:
    """Where GB 18030 cannot go on; no byte of its characters is a line feed."""
    try:
        data.decode("gb18030")
    except UnicodeDecodeError as error:
        return data[: error.start].count(b"\n") + 1
    return 1


def _row(body: Tenant) -> dict[str, object]:
    return {"code": body.code, "name": body.name, "kind": body.kind, "status": body.status}
