"""A channel run: pages from the plugin's child process into the inbox, cursor with arrivals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.intake.channels import (
    ACTIVE,
    CURSOR,
    channel_cursor,
    channel_settings,
    failure_delay,
    next_interval,
    touch_channel,
)
from minsheng.intake.host import HostError, PluginHost, PluginLied
from minsheng.intake.inbox import take_in
from minsheng.intake.models import Channel, ChannelRun
from minsheng.intake.text import is_storable
from minsheng.runtime.failpoints import failpoint
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import Claim, finish_work, hold_work, put_off
from minsheng_sdk import ChannelError, Page

_log = structlog.get_logger(__name__)
_MAX_TROUBLE = 300
_BROKEN = "WorkerEnded: the worker ended before the run did; the next run goes on from the cursor"


@dataclass
class _Run:
    """The counts of a run that goes on."""

    claim: Claim
    channel: Channel
    run: ChannelRun
    fetched: int = 0
    stored: int = 0


class Puller:
    """Answers work of the kind "pull": one row is one channel whose turn has come."""

    def __init__(self, tools: Tools, host: PluginHost, lease: timedelta) -> None:
        """``lease`` is renewed with every page that is committed."""
        self._tools = tools
        self._host = host
        self._lease = lease

    def work(self, claims: Sequence[Claim]) -> None:
        """Pull the channels of the claims, one after another."""
        for claim in claims:
            self._pull(claim)

    def _pull(self, claim: Claim) -> None:
        going = self._begin(claim)
        if going is None:
            return
        settings = channel_settings(self._tools, going.channel)
        cursor = channel_cursor(self._tools, going.channel)
        try:
            for page in self._host.pull(going.channel.plugin, settings, cursor):
                failpoint("run.before_page")
                self._commit_page(going, page)
                failpoint("run.before_acknowledge")
        except (ChannelError, HostError) as error:
            self._fail(going, error)
        else:
            self._end(going)

    def _begin(self, claim: Claim) -> _Run | None:
        with self._tools.database.session(claim.tenant_id) as session:
            channel = session.scalar(select(Channel).where(Channel.id == claim.row_id))
            if channel is None or channel.state != ACTIVE:
                finish_work(session, [claim])
                return None
            self._close_broken(session, channel)
            run = ChannelRun(id=new_id(), channel_id=channel.id, started_at=self._tools.clock.now())
            session.add(run)
        return _Run(claim, channel, run)

    def _close_broken(self, session: Session, channel: Channel) -> None:
        """End runs whose worker died: a channel has one run at a time, and this claim is it."""
        broken = ChannelRun.channel_id == channel.id, ChannelRun.outcome == "running"
        ended = {"outcome": "failed", "finished_at": self._tools.clock.now(), "trouble": _BROKEN}
        session.execute(update(ChannelRun).where(*broken).values(ended))

    def _commit_page(self, going: _Run, page: Page) -> None:
        _check_keys(page)
        channel, tools = going.channel, self._tools
        actor = Actor("channel", channel.code)
        sealed = tools.keyring.cipher(channel.tenant_id).seal(CURSOR, channel.id, page.cursor)
        with tools.database.session(channel.tenant_id) as session:
            hold_work(session, [going.claim], tools.clock.now() + self._lease)
            taken = take_in(session, tools, actor, channel.id, page.items)
            touch_channel(session, channel.id, cursor=sealed)
            going.fetched += len(page.items)
            going.stored += taken.count
            self._note(session, going)
            failpoint("inbox.before_commit")
        failpoint("inbox.after_commit")

    def _end(self, going: _Run) -> None:
        now = self._tools.clock.now()
        interval = next_interval(going.channel, going.stored)
        with self._tools.database.session(going.claim.tenant_id) as session:
            put_off(session, going.claim, now + timedelta(seconds=interval), attempt=0)
            touch_channel(session, going.channel.id, failures=0, interval_seconds=interval)
            self._note(session, going, outcome="ok", finished_at=now)

    def _fail(self, going: _Run, error: ChannelError | HostError) -> None:
        now, channel = self._tools.clock.now(), going.channel
        retry_after = float(getattr(error, "retry_after", 0.0))
        delay = failure_delay(channel, retryable=error.retryable, retry_after=retry_after)
        trouble = f"{type(error).__name__}: {error}"[:_MAX_TROUBLE]
        _log.warning("channel.failed", plugin=channel.plugin, error=type(error).__name__)
        with self._tools.database.session(going.claim.tenant_id) as session:
            put_off(session, going.claim, now + delay, type(error).__name__, attempt=0)
            touch_channel(session, channel.id, failures=channel.failures + 1)
            self._note(session, going, outcome="failed", finished_at=now, trouble=trouble)

    def _note(self, session: Session, going: _Run, **values: object) -> None:
        session.execute(
            update(ChannelRun)
            .where(ChannelRun.id == going.run.id)
            .values(fetched=going.fetched, stored=going.stored, **values)
        )


def _check_keys(page: Page) -> None:
    """Raise PluginLied for a name that PostgreSQL cannot keep, which no later try would mend."""
    if not all(is_storable(item.source_key) and is_storable(item.epoch) for item in page.items):
        message = "a source_key or epoch holds NUL or half a character: mend the plugin"
        raise PluginLied(message)
