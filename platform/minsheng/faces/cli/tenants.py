"""``tenants``: the tree of bodies, one by one or from a CSV file."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import click
from sqlalchemy.orm import Session

from minsheng.faces.cli.shared import as_json, clear_errors, opened, show
from minsheng_tenants import (
    KINDS,
    BodyExists,
    BodyInvalid,
    BodyNotFound,
    NewBody,
    Tenant,
    create_body,
    find_body,
    list_bodies,
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
    if file is None and not (code and name and kind):
        message = "give --code, --name and --kind, or --csv FILE"
        raise click.UsageError(message)
    with opened() as process, process.tools.database.owner_session() as session:
        if file is not None:
            made = _create_all(session, read_rows(file.read_bytes()))
        else:
            made = [create_body(session, NewBody(code or "", name or "", kind or "", parent))]
        rows = [_row(body) for body in made]
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


def read_rows(data: bytes) -> Iterator[tuple[int, NewBody]]:
    """The rows of a CSV file with their line numbers; raises ClickException naming the line."""
    rows = csv.DictReader(io.StringIO(_decode(data), newline=""), strict=True)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or [])]
    if missing:
        message = f"line 1: the column {missing[0]!r} is missing; the columns are {COLUMNS}"
        raise click.ClickException(message)
    try:
        for row in rows:
            if None in row or None in row.values():
                message = f"line {rows.line_num}: {len(COLUMNS)} cells are needed in each row"
                raise click.ClickException(message)
            yield rows.line_num, NewBody(**{name: row[name].strip() for name in COLUMNS})
    except csv.Error as error:
        message = f"line {rows.line_num}: {error}; mend the quotes of this row"
        raise click.ClickException(message) from error


def _create_all(session: Session, rows: Iterator[tuple[int, NewBody]]) -> list[Tenant]:
    made = []
    for line, new in rows:
        try:
            made.append(create_body(session, new))
        except (BodyInvalid, BodyExists, BodyNotFound) as error:
            message = f"line {line}: {error}; nothing was added"
            raise click.ClickException(message) from error
    return made


def _decode(data: bytes) -> str:
    """UTF-8, else GB 18030, which Chinese spreadsheets write; anything else is named."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    message = "the file is neither UTF-8 nor GB 18030: save it as UTF-8 and try again"
    raise click.ClickException(message)


def _row(body: Tenant) -> dict[str, object]:
    return {"code": body.code, "name": body.name, "kind": body.kind, "status": body.status}
