"""``channels`` and ``pull``: where messages come from."""

import json

import click

from minsheng.faces.cli.shared import (
    OPERATOR,
    as_json,
    clear_errors,
    office_option,
    office_session,
    opened,
    show,
)
from minsheng.intake.models import Channel
from minsheng.intake.service import (
    NewChannel,
    add_channel,
    channel_settings,
    find_channel,
    list_channels,
    pull_now,
    set_paused,
)


@click.group()
def channels() -> None:
    """The sources of an office."""


@channels.command("add")
@office_option
@click.option("--code", required=True)
@click.option("--plugin", required=True)
@click.option("--name", required=True)
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of the plugin; a value that begins with { is read as JSON.",
)
@click.option("--pushed", is_flag=True, help="Messages are posted to the API, nothing is pulled.")
@as_json
@clear_errors
def add(
    office: str,
    code: str,
    plugin: str,
    name: str,
    pairs: tuple[str, ...],
    pushed: bool,
    as_json: bool,
) -> None:
    """Add a channel to an office."""
    new = NewChannel(code, plugin, name, dict(_setting(pair) for pair in pairs), pushed)
    with opened() as process, office_session(process, office) as session:
        row = _row(add_channel(session, process.tools, process.registry, OPERATOR, new))
    show(row, as_json=as_json)


@channels.command("list")
@office_option
@as_json
@clear_errors
def list_all(office: str, as_json: bool) -> None:
    """List the channels of an office with how their last run ended."""
    with opened() as process, office_session(process, office) as session:
        rows = [
            _row(each.channel) | {"last_run": each.runs[0].outcome if each.runs else "none"}
            for each in list_channels(session, runs=1)
        ]
    show(rows, as_json=as_json)


@channels.command("check")
@office_option
@click.argument("code")
@as_json
@clear_errors
def check(office: str, code: str, as_json: bool) -> None:
    """Try a channel's settings against its live source."""
    with opened() as process:
        with office_session(process, office) as session:
            channel = find_channel(session, code)
            settings = channel_settings(process.tools, channel)
        report = process.host.check(channel.plugin, settings)
    show({"ok": report.ok, "lines": list(report.lines_en)}, as_json=as_json)
    if not report.ok:
        raise SystemExit(1)


@channels.command("pull")
@office_option
@click.argument("code")
@as_json
@clear_errors
def pull_one(office: str, code: str, as_json: bool) -> None:
    """Have one channel pulled by the worker without waiting for its turn."""
    with opened() as process, office_session(process, office) as session:
        row = _row(pull_now(session, process.tools, OPERATOR, code))
    show(row, as_json=as_json)


@channels.command("pause")
@office_option
@click.argument("code")
@click.option("--resume", is_flag=True, help="Let it run again.")
@as_json
@clear_errors
def pause(office: str, code: str, resume: bool, as_json: bool) -> None:
    """Pause a channel, or let it run again."""
    with opened() as process, office_session(process, office) as session:
        row = _row(set_paused(session, process.tools, OPERATOR, code, paused=not resume))
    show(row, as_json=as_json)


@click.command()
@office_option
@as_json
@clear_errors
def pull(office: str, as_json: bool) -> None:
    """Have every active channel of an office pulled by the worker now."""
    with opened() as process, office_session(process, office) as session:
        codes = [
            each.channel.code
            for each in list_channels(session, runs=1)
            if each.channel.state == "active"
        ]
        rows = [_row(pull_now(session, process.tools, OPERATOR, code)) for code in codes]
    show(rows, as_json=as_json)


def _setting(pair: str) -> tuple[str, object]:
    name, separator, value = pair.partition("=")
    if not separator:
        message = f"{pair!r} is no NAME=VALUE"
        raise click.UsageError(message)
    if not value.startswith("{"):
        return name, value
    try:
        return name, json.loads(value)
    except json.JSONDecodeError as error:
        message = f"{name}: {error}; mend the JSON"
        raise click.UsageError(message) from error


def _row(channel: Channel) -> dict[str, object]:
    named = ("code", "plugin", "name", "state")
    return {name: getattr(channel, name) for name in named}
