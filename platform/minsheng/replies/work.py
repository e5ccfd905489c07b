"""Handlers of the work kinds of this room: ``deliver`` (row = outbox id)."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.intake.channels import ACTIVE
from minsheng.intake.host import PluginHost, PluginNotInstalled, PluginRegistry
from minsheng.intake.models import Channel
from minsheng.replies.fanout import DELIVER
from minsheng.replies.holds import on_hold
from minsheng.replies.models import ReplySettings
from minsheng.replies.outlets import Lease, leave_outlet, take_outlet
from minsheng.replies.parcels import Parcel, open_parcels
from minsheng.replies.sending import ORDER_SECONDS, Office, Turn
from minsheng.runtime.work import Claim, finish_work, hold_work, put_off
from minsheng_sdk import ChannelInfo
from minsheng_tenants import tenant_of

__all__ = ["DELIVER", "Deliverer"]

HELD = timedelta(minutes=10)
BUSY = timedelta(seconds=3)
GIVE_UP_DAYS = 7


class Deliverer:
    """Answers work of the kind "deliver": one row is one reply on its way to one citizen."""

    def __init__(
        self, tools: Tools, host: PluginHost, registry: PluginRegistry, lease: timedelta
    ) -> None:
        """``lease`` is what a claim lasts; it is renewed around every send."""
        self._tools = tools
        self._host = host
        self._registry = registry
        self._lease = lease

    def work(self, claims: Sequence[Claim]) -> None:
        """Send what the claims name, channel by channel, each by one child."""
        tenant_id = claims[0].tenant_id
        with self._tools.database.session(tenant_id) as session:
            if on_hold(session) is not None:
                self._put_off(session, claims, HELD, "on hold")
                return
            parcels = self._sendable(session, claims)
            channels = {each.id: each for each in session.scalars(select(Channel))}
            office = self._office(session)
        parcels.sort(key=lambda each: (each.row.channel_id, each.row.id))
        for channel_id, group in groupby(parcels, lambda each: each.row.channel_id):
            self._send(office, channels[channel_id], list(group))

    def _sendable(self, session: Session, claims: Sequence[Claim]) -> list[Parcel]:
        """What is still to be sent; the rest is done, or waits for an earlier one."""
        parcels = open_parcels(session, claims)
        known = {each.row.id for each in parcels}
        finish_work(session, [claim for claim in claims if claim.row_id not in known])
        waiting = [each.claim for each in parcels if each.ahead]
        self._put_off(session, waiting, timedelta(seconds=ORDER_SECONDS), "order")
        return [each for each in parcels if not each.ahead]

    def _send(self, office: Office, channel: Channel, parcels: list[Parcel]) -> None:
        claims = [each.claim for each in parcels]
        with self._tools.database.session(office.tenant_id) as session:
            if channel.state != ACTIVE:
                self._put_off(session, claims, HELD, channel.state)
                return
            lease = self._take(session, channel.id, claims)
        if lease is not None:
            Turn(office, channel, self._info(channel), lease, parcels).run()

    def _take(
        self, session: Session, channel_id: uuid.UUID, claims: Sequence[Claim]
    ) -> Lease | None:
        """The sole right to send by the channel, unless it is busy or down."""
        now = self._tools.clock.now()
        until = now + self._lease + timedelta(seconds=self._host.limits.call_seconds)
        # Whoever was overtaken finds out here, before it keeps the channel from the one who did.
        hold_work(session, claims, until)
        lease = take_outlet(session, channel_id, now, until)
        if lease is None:
            self._put_off(session, claims, BUSY, "channel busy")
            return None
        if lease.next_try_at is not None and lease.next_try_at > now:
            for claim in claims:
                put_off(session, claim, lease.next_try_at, "channel down", attempt=0)
            leave_outlet(session, lease)
            return None
        return lease

    def _put_off(self, session: Session, claims: Sequence[Claim], by: timedelta, why: str) -> None:
        due = self._tools.clock.now() + by
        for claim in claims:
            put_off(session, claim, due, why, attempt=0)

    def _office(self, session: Session) -> Office:
        days = session.scalar(select(ReplySettings.give_up_days)) or GIVE_UP_DAYS
        return Office(
            self._tools, self._host, tenant_of(session), self._lease, timedelta(days=days)
        )

    def _info(self, channel: Channel) -> ChannelInfo:
        try:
            return self._registry.get(channel.plugin).info()
        except PluginNotInstalled:
            # Sending fails by itself then, and is told as a channel that needs somebody.
            return ChannelInfo(channel.plugin, "", "", "", "", can_deliver=True)
