"""``import``: messages from a file into a pushed channel, with a bar that shows how far."""

import json
import sys
from pathlib import Path

import click
import marshmallow as ma

from minsheng.faces.api.messages import pushed_message
from minsheng.faces.api.schemas import MAX_BATCH, NewMessageSchema
from minsheng.faces.cli.shared import OPERATOR, as_json, clear_errors, office_id, opened, show
from minsheng.intake.service import PushedMessage, find_channel, push_messages

_ITEM = NewMessageSchema(exclude=("channel",))
_SHOWN = 20


@click.command("import")
@click.option("--office", required=True, metavar="CODE")
@click.option("--channel", required=True, metavar="CODE", help="A pushed channel of the office.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
@clear_errors
def import_messages(office: str, channel: str, file: Path, as_json: bool) -> None:
    """Import FILE: one message a line as JSON, as it would be posted. All lines are read first."""
    posted = read_lines(file)
    created = 0
    progress = click.progressbar(length=len(posted), file=sys.stderr)
    with opened() as process, progress as bar:
        tenant_id = office_id(process, office)
        for start in range(0, len(posted), MAX_BATCH):
            part = posted[start : start + MAX_BATCH]
            with process.tools.database.session(tenant_id) as session:
                to = find_channel(session, channel)
                taken = push_messages(session, process.tools, OPERATOR, to, part)
            created += sum(one.created for one in taken)
            bar.update(len(part))
    show({"read": len(posted), "created": created}, as_json=as_json)


def read_lines(file: Path) -> list[PushedMessage]:
    """Every line of the file as a message; raises ClickException naming the lines that are not."""
    posted, faults = [], []
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                posted.append(pushed_message(_ITEM.load(json.loads(line))))
            except (ValueError, ma.ValidationError) as error:
                faults.append(f"line {number}: {error}")
    if faults:
        message = "\n".join([*faults[:_SHOWN], f"{len(faults)} bad lines; nothing was imported"])
        raise click.ClickException(message)
    return posted
