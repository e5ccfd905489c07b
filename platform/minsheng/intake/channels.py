"""Channels: the configured sources of an office, and the schedule of their pulls."""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.intake.host import PluginRegistry
from minsheng.intake.models import Channel, ChannelRun
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import drop_work, hasten_work
from minsheng_sdk import Settings, validate_settings
from minsheng_tenants import tenant_of

PULL = "pull"
SETTINGS, CURSOR = "channels.settings", "channels.cursor"
ACTIVE, PAUSED, PUSHED, BUILT_IN = "active", "paused", "pushed", "built_in"
"""``built_in``: the service itself brings the messages, nobody pulls or posts them."""
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class ChannelInvalid(Exception):
    """A channel cannot be like this; ``field`` names what to change."""

    def __init__(self, field: str, message: str) -> None:
        """``message`` says what to do."""
        super().__init__(message)
        self.field = field


class ChannelExists(ChannelInvalid):
    """The office has a channel of this code already."""


class ChannelNotFound(Exception):
    """The office has no channel of this code."""


@dataclass(frozen=True, slots=True)
class NewChannel:
    """A channel to be added: ``settings`` are checked against the plugin's schema.

    ``pushed`` channels have no source to pull from: their messages are posted to the API.
    """

    code: str
    plugin: str
    name: str
    settings: Mapping[str, object] = field(default_factory=dict)
    pushed: bool = False


def add_channel(
    session: Session, tools: Tools, registry: PluginRegistry, actor: Actor, new: NewChannel
) -> Channel:
    """Add a channel and pull it at once.

    Raises ChannelInvalid, ChannelExists, PluginNotInstalled, or SettingsInvalid naming the field.
    """
    plugin = registry.get(new.plugin)
    _check_form(new)
    settings: Settings = {} if new.pushed else validate_settings(plugin.schema(), new.settings)
    channel_id = new_id()
    cipher = tools.keyring.cipher(tenant_of(session))
    channel = Channel(
        id=channel_id,
        code=new.code,
        plugin=new.plugin,
        name=new.name,
        settings=cipher.seal(SETTINGS, channel_id, json.dumps(settings)),
        state=PUSHED if new.pushed else ACTIVE,
        created_at=tools.clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(channel)
    except IntegrityError as error:
        message = f"a channel with code {new.code} exists already: choose another code"
        raise ChannelExists("code", message) from error
    session.refresh(channel)
    tools.auditor.record(session, actor, "channel.add", "channel", channel_id)
    if not new.pushed:
        hasten_work(session, PULL, channel_id, tools.clock.now())
    return channel


def change_settings(
    session: Session,
    tools: Tools,
    registry: PluginRegistry,
    actor: Actor,
    code: str,
    given: Mapping[str, object],
) -> Channel:
    """Give a channel other settings; raises ChannelNotFound or SettingsInvalid."""
    channel = find_channel(session, code)
    settings = validate_settings(registry.get(channel.plugin).schema(), given)
    cipher = tools.keyring.cipher(channel.tenant_id)
    channel.settings = cipher.seal(SETTINGS, channel.id, json.dumps(settings))
    tools.auditor.record(session, actor, "channel.change", "channel", channel.id)
    session.flush()
    return channel


def find_channel(session: Session, code: str) -> Channel:
    """The office's channel of a code; raises ChannelNotFound."""
    channel = session.scalar(select(Channel).where(Channel.code == code))
    if channel is None:
        message = f"this office has no channel {code!r}: add it, or correct the code"
        raise ChannelNotFound(message)
    return channel


def channel_settings(tools: Tools, channel: Channel) -> Settings:
    """The channel's settings, secrets among them; for the plugin's run only.

    Raises ChannelInvalid for a pushed channel, which has no source and so no settings.
    """
    if channel.state == PUSHED:
        message = f"messages are posted to channel {channel.code}: there is no source to reach"
        raise ChannelInvalid("state", message)
    cipher = tools.keyring.cipher(channel.tenant_id)
    opened: dict[str, str] = json.loads(cipher.open(SETTINGS, channel.id, channel.settings))
    return opened


def channel_cursor(tools: Tools, channel: Channel) -> str:
    """The plugin's own cursor, empty before the first pull."""
    cipher = tools.keyring.cipher(channel.tenant_id)
    return cipher.open_text(CURSOR, channel.id, channel.cursor)


def pull_now(session: Session, tools: Tools, actor: Actor, code: str) -> Channel:
    """Have an active channel pulled without waiting for its turn."""
    channel = find_channel(session, code)
    if channel.state != ACTIVE:
        message = f"channel {code} is {channel.state}: only an active channel can be pulled"
        raise ChannelInvalid("state", message)
    hasten_work(session, PULL, channel.id, tools.clock.now())
    tools.auditor.record(session, actor, "channel.pull", "channel", channel.id)
    return channel


def set_paused(session: Session, tools: Tools, actor: Actor, code: str, *, paused: bool) -> Channel:
    """Pause a channel or let it run again; a pushed or built-in channel cannot be paused."""
    channel = find_channel(session, code)
    if channel.state == PUSHED:
        message = f"channel {code} has nothing to pull: switch its API client off instead"
        raise ChannelInvalid("state", message)
    if channel.state == BUILT_IN:
        message = f"channel {code} belongs to the service: it cannot be paused"
        raise ChannelInvalid("state", message)
    channel.state = PAUSED if paused else ACTIVE
    verb = "channel.pause" if paused else "channel.resume"
    tools.auditor.record(session, actor, verb, "channel", channel.id)
    if paused:
        drop_work(session, PULL, channel.id)
    else:
        hasten_work(session, PULL, channel.id, tools.clock.now())
    session.flush()
    return channel


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """A channel and its last runs, newest first."""

    channel: Channel
    runs: Sequence[ChannelRun]


def list_channels(session: Session, runs: int = 5) -> list[ChannelStatus]:
    """Every channel of the office with its last ``runs`` runs, in two queries a channel at most."""
    channels = session.scalars(select(Channel).order_by(Channel.code)).all()
    return [ChannelStatus(channel, _last_runs(session, channel.id, runs)) for channel in channels]


def _last_runs(session: Session, channel_id: uuid.UUID, most: int) -> Sequence[ChannelRun]:
    newest = select(ChannelRun).where(ChannelRun.channel_id == channel_id)
    return session.scalars(newest.order_by(ChannelRun.id.desc()).limit(most)).all()


def next_interval(channel: Channel, stored: int) -> int:
    """Seconds to the next pull: a minute after news, up to an hour where nothing comes.

    DESIGN invariant 8: the interval of a channel adapts, one minute to one hour.
    """
    return 60 if stored else min(int(channel.interval_seconds * 1.5), 3600)


def failure_delay(channel: Channel, *, retryable: bool, retry_after: float) -> timedelta:
    """How long to wait after a failed run: doubling from half a minute, an hour at most."""
    patience = min(30 * 2 ** min(channel.failures, 7), 3600) if retryable else 3600
    return timedelta(seconds=max(patience, min(retry_after, 3600)))


def touch_channel(session: Session, channel_id: uuid.UUID, **values: object) -> None:
    """Write columns of a channel without loading it."""
    session.execute(update(Channel).where(Channel.id == channel_id).values(**values))


def _check_form(new: NewChannel) -> None:
    if not _CODE.fullmatch(new.code):
        message = "use 1 to 40 small letters, digits, '-' or '_', beginning with a letter or digit"
        raise ChannelInvalid("code", message)
    if not new.name.strip() or len(new.name) > 100 or not new.name.isprintable():
        message = "a channel needs a name of 1 to 100 printable characters"
        raise ChannelInvalid("name", message)
