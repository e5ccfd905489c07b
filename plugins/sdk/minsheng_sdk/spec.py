"""The hooks of a channel plugin.

A plugin is a module that implements these functions, marked with :data:`hookimpl`, and is named by
an entry point of the group ``minsheng.channels``. The service calls one plugin at a time, each run
in a forked child with limits; a hook may therefore block, and whatever it raises concerns its own
channel only. Raise the errors of :mod:`minsheng_sdk.errors` to say whether a retry helps.
"""

from collections.abc import Iterator

import pluggy

from minsheng_sdk.delivery import OpenDelivery
from minsheng_sdk.loopback import Loopback
from minsheng_sdk.records import (
    ChannelInfo,
    CheckReport,
    DeliveryReceipt,
    OutgoingReply,
    Page,
    ParsedMessage,
    RawItem,
    SettingField,
    Settings,
)

PROJECT = "minsheng"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def minsheng_channel_info() -> ChannelInfo:  # type: ignore[empty-body]
    """Say what the plugin is. Called once when it is loaded."""


@hookspec(firstresult=True)
def minsheng_settings_schema() -> tuple[SettingField, ...]:  # type: ignore[empty-body]
    """List the settings a channel of this plugin needs, in the order of the form."""


@hookspec(firstresult=True)
def minsheng_check(settings: Settings) -> CheckReport:  # type: ignore[empty-body]
    """Try the settings against the live source without changing anything there."""


@hookspec(firstresult=True)
def minsheng_pull(settings: Settings, cursor: str) -> Iterator[Page]:  # type: ignore[empty-body]
    """Yield pages of arrivals since ``cursor`` (empty text at the first pull).

    Oldest first where the source can be listed that way; a source that lists newest first only may
    yield newest pages first, as long as a crash after any page loses nothing.

    An empty source yields no page, or one without items that keeps the cursor. A page is committed
    before the generator is resumed; leaving out nothing matters more than leaving out repeats,
    since the service knows every ``source_key`` it has.
    """


@hookspec(firstresult=True)
def minsheng_parse(settings: Settings, item: RawItem) -> ParsedMessage:  # type: ignore[empty-body]
    """Read raw bytes into a message, without any network.

    Raises MessageUnreadable when the bytes are the channel's own and broken.
    """


@hookspec(firstresult=True)
def minsheng_deliver(  # type: ignore[empty-body]
    settings: Settings, reply: OutgoingReply
) -> DeliveryReceipt:
    """Send one reply back to its origin, in the channel's own form."""


@hookspec(firstresult=True)
def minsheng_open_delivery(settings: Settings) -> OpenDelivery:  # type: ignore[empty-body]
    """Open a connection for many replies, if the source allows that; the hook may be left out.

    Entering it gives a function that sends one reply and raises what ``minsheng_deliver`` raises;
    after an error it is called again for the next reply, so it has to mend its connection itself.
    """


@hookspec(firstresult=True)
def minsheng_look_up_delivery(settings: Settings, delivery_key: str) -> DeliveryReceipt | None:
    """Ask the source whether a reply of this key has arrived; None when it has not."""


@hookspec(firstresult=True)
def minsheng_loopback() -> Loopback:  # type: ignore[empty-body]
    """Make the loopback server that speaks this channel's protocol, for demo and tests."""
