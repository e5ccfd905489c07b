"""``import``: messages from a file into a pushed channel, with a bar that shows how far."""

import json
import re
import sys
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
import marshmallow as ma

from minsheng.cases.rebuild import match_now
from minsheng.citizens.linking import place_messages
from minsheng.faces.api.messages import pushed_message
from minsheng.faces.api.schemas import MAX_BATCH, NewMessageSchema
from minsheng.faces.cli.shared import OPERATOR, as_json, clear_errors, office_id, opened, show
from minsheng.faces.process import Process
from minsheng.intake.service import PushedMessage, find_channel, push_messages

_ITEM = NewMessageSchema(partial=("channel",))
_SHOWN = 20
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""An escaped NUL; a bare one is no JSON, and after an escaped backslash it is plain text."""


@click.command("import")
@click.option("--office", required=True, metavar="CODE")
@click.option("--channel", required=True, metavar="CODE", help="A pushed channel of the office.")
@click.option(
    "--match", is_flag=True, help="Find the messages' cases here too, instead of by the worker."
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
@clear_errors
def import_messages(office: str, channel: str, match: bool, file: Path, as_json: bool) -> None:
    """Import FILE: one message a line as JSON, as it would be posted. All lines are read first.

    A line may leave its channel out. What was imported before is known again and passed over, so
    an import that was broken off is simply called again.
    """
    posted = read_lines(file, channel)
    created, stored = 0, dict[uuid.UUID, datetime]()
    progress = click.progressbar(length=len(posted), file=sys.stderr)
    with opened() as process, progress as bar:
        tenant_id = office_id(process, office)
        for start in range(0, len(posted), MAX_BATCH):
            part = posted[start : start + MAX_BATCH]
            with process.tools.database.session(tenant_id) as session:
                to = find_channel(session, channel)
                taken = push_messages(session, process.tools, OPERATOR, to, part)
            created += sum(one.created for one in taken)
            stored |= {one.id: said.received_at for one, said in zip(taken, part, strict=True)}
            bar.update(len(part))
        counts = {"read": len(posted), "created": created}
        if match:
            counts["matched"] = _match(process, tenant_id, sorted(stored, key=stored.__getitem__))
    show(counts, as_json=as_json)


def _match(process: Process, tenant_id: int, ids: Sequence[uuid.UUID]) -> int:
    """Give the messages their cases, oldest first; how many had none."""
    matched = 0
    with click.progressbar(length=len(ids), file=sys.stderr) as bar:
        for looked, homeless in match_now(process.tools, tenant_id, ids, place_messages):
            matched += homeless
            bar.update(looked)
    return matched


def read_lines(file: Path, channel: str) -> list[PushedMessage]:
    """Every line of the file as a message for ``channel``; empty lines are passed over.

    Raises ClickException naming the lines that cannot be imported.
    """
    posted, faults = [], []
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                if line.strip():
                    posted.append(_read(line, channel))
            except (ValueError, RecursionError, ma.ValidationError) as error:
                faults.append(f"line {number}: {error}")
    if faults:
        message = "\n".join([*faults[:_SHOWN], f"{len(faults)} bad lines; nothing was imported"])
        raise click.ClickException(message)
    return posted


def _read(line: bytes, channel: str) -> PushedMessage:
    given = json.loads(line)
    # PostgreSQL stores neither half a character, on which encode() fails, nor NUL.
    json.dumps(given, ensure_ascii=False).encode()
    if _NUL.search(line):
        message = "holds a NUL, which cannot be stored: remove it"
        raise ValueError(message)
    said = _ITEM.load(given)
    if said.get("channel", channel) != channel:
        message = f"is for another channel than {channel!r}: import it there"
        raise ValueError(message)
    return pushed_message(said)
