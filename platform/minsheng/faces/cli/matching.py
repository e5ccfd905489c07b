"""``matching``: make history known anew, hold a version against what stands, and the figures."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click

from minsheng.cases.compare import Comparison, Sampling, compare
from minsheng.cases.match_service import matching_figures
from minsheng.cases.numbers import CHINA
from minsheng.cases.rebuild import Progress, Rebuild
from minsheng.citizens.linking import place_messages
from minsheng.faces.cli.shared import (
    as_json,
    clear_errors,
    office_id,
    office_option,
    office_session,
    opened,
    show,
)

_SHOWN = 50
Tell = Callable[[int, int], None]


@click.group()
def matching() -> None:
    """The matcher of an office."""


@matching.command("rebuild")
@office_option
@click.option("--afresh", is_flag=True, help="Begin anew, whatever an earlier run has done.")
@click.option("--batch", default=200, show_default=True, type=click.IntRange(1, 1000))
@as_json
@clear_errors
def rebuild(office: str, afresh: bool, batch: int, as_json: bool) -> None:
    """Write the matcher's records of all stored messages anew, and match those without a case.

    Needed once after an upgrade that brought a new version of the algorithm. It may be broken off
    and called again: it goes on where it stopped. The worker may run meanwhile.
    """
    with opened() as process, telling(quiet=as_json) as tell:
        run = Rebuild(process.tools, office_id(process, office), place_messages, batch)
        last = _walk(run.run(afresh=afresh), tell)
    said = {"messages": last.done, "rewritten": last.rewritten, "matched": last.matched}
    _show(said, as_json=as_json)


@matching.command("compare")
@office_option
@click.option("--sample", default=200, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--seed", default=0, show_default=True, help="The same seed draws the same sample.")
@click.option(
    "--pool",
    default=5000,
    show_default=True,
    type=click.IntRange(2, 200_000),
    help="How many of the last messages are read again; the sample is of their later half.",
)
@as_json
@clear_errors
def compare_versions(office: str, sample: int, seed: int, pool: int, as_json: bool) -> None:
    """Say how many stored decisions the installed algorithm would make otherwise; changes nothing.

    Complaints about the office itself are left out.
    """
    with (
        opened() as process,
        telling(quiet=as_json) as tell,
        office_session(process, office) as session,
    ):
        found = compare(session, process.tools, Sampling(sample, seed, pool), tell)
        session.rollback()
    if as_json:
        show(asdict(found), as_json=True)
    else:
        _tell_comparison(found)


@matching.command("figures")
@office_option
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3660))
@as_json
@clear_errors
def figures(office: str, days: int, as_json: bool) -> None:
    """Show what matching did in the last days, and how often a bound left something out."""
    with opened() as process, office_session(process, office) as session:
        today = process.tools.clock.now().astimezone(CHINA).date()
        found = matching_figures(session, today - timedelta(days=days - 1), today)
    counted: dict[str, Any] = {"since": found.since, "until": found.until}
    counted |= asdict(found.total) | {"review_share": found.total.review_share}
    counted |= {"precision": asdict(found.precision)}
    _show(counted, as_json=as_json)


@contextmanager
def telling(*, quiet: bool) -> Iterator[Tell]:
    """What tells how far a command is: a bar on a terminal, a line a step otherwise.

    With ``quiet`` (``--json``) nothing but the bar, which is not part of what is printed.
    """
    if not sys.stderr.isatty():
        tell: Tell = _silent if quiet else _line
        yield tell
        return
    with click.progressbar(length=0, file=sys.stderr) as bar:

        def move(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield move


def _silent(_done: int, _total: int) -> None:
    """Tell nothing."""


def _line(done: int, total: int) -> None:
    click.echo(f"{done} of {total}", err=True)


def _walk(steps: Iterator[Progress], tell: Tell) -> Progress:
    """Walk to the end; the last step, which every walk has."""
    last = next(steps)
    tell(last.done, last.total)
    for last in steps:
        tell(last.done, last.total)
    return last


def _tell_comparison(found: Comparison) -> None:
    said = {name: getattr(found, name) for name in ("algorithm", "pool", "sampled", "agree")}
    _lines({**said, "beyond": found.beyond, "differ": len(found.differences)})
    _lines(found.by_kind)
    for each in found.differences[:_SHOWN]:
        click.echo(f"{each.case}\t{each.was}>{each.now}\t{each.would_join}\t{each.message}")
    if len(found.differences) > _SHOWN:
        click.echo(f"and {len(found.differences) - _SHOWN} more: see --json")


def _show(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show(said, as_json=True)
    else:
        _lines(said)


def _lines(said: Mapping[str, Any]) -> None:
    for name, value in said.items():
        click.echo(f"{name}\t{value}")
