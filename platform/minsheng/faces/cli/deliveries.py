"""``deliveries``: what goes out, and releasing what a restore has put on hold."""

import click

from minsheng.cases.service import Wish
from minsheng.faces.cli.shared import (
    OPERATOR,
    as_json,
    clear_errors,
    office_option,
    office_session,
    opened,
    show,
)
from minsheng.replies.service import (
    channels_down,
    count_states,
    count_waiting,
    hold,
    on_hold,
    release_holds,
)


@click.group()
def deliveries() -> None:
    """Answers on their way to citizens."""


@deliveries.command("state")
@office_option
@as_json
@clear_errors
def deliveries_state(office: str, as_json: bool) -> None:
    """Show what waits, what needs somebody, and whether the office is on hold."""
    with opened() as process, office_session(process, office) as session:
        held = on_hold(session)
        down = [each.channel for each in channels_down(session)]
        told = {
            "held": held is not None,
            "reason": held.reason if held else "",
            "since": held.held_at if held else None,
            "waiting": count_waiting(session),
            **count_states(session),
            "down": down if as_json else ", ".join(down),
        }
    show(told, as_json=as_json)


@deliveries.command("hold")
@office_option
@click.option("--reason", required=True, help="Why nothing may go out.")
@clear_errors
def deliveries_hold(office: str, reason: str) -> None:
    """Let nothing of an office go out until it is released."""
    with opened() as process, office_session(process, office) as session:
        hold(session, process.tools, Wish(OPERATOR, reason))
    click.echo("on hold")


@deliveries.command("release")
@office_option
@click.option("--reason", required=True, help="How it was made sure that nothing goes twice.")
@click.option(
    "--unsent", is_flag=True, help="You answer for it that nothing was sent since the backup."
)
@as_json
@clear_errors
def deliveries_release(office: str, reason: str, unsent: bool, as_json: bool) -> None:
    """Let an office's deliveries go out again after a restore.

    Without --unsent sources are asked first, and what they cannot prove becomes uncertain.
    """
    with opened() as process, office_session(process, office) as session:
        wish = Wish(OPERATOR, reason)
        waiting = release_holds(session, process.tools, wish, unsent=unsent)
    show({"waiting": waiting}, as_json=as_json)
