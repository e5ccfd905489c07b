"""The verbs of intake: what faces and command line may ask of it."""

from minsheng.intake.channels import (
    ACTIVE,
    PAUSED,
    PULL,
    PUSHED,
    ChannelExists,
    ChannelInvalid,
    ChannelNotFound,
    ChannelStatus,
    NewChannel,
    add_channel,
    change_settings,
    channel_settings,
    find_channel,
    list_channels,
    pull_now,
    set_paused,
)
from minsheng.intake.inbox import PARSE
from minsheng.intake.messages import MATCH
from minsheng.intake.push import Pushed, PushedMessage, push_messages
from minsheng.intake.quarantine import (
    Aside,
    QuarantineNotFound,
    list_aside,
    raw_bytes,
    replay,
)

__all__ = [
    "ACTIVE",
    "MATCH",
    "PARSE",
    "PAUSED",
    "PULL",
    "PUSHED",
    "Aside",
    "ChannelExists",
    "ChannelInvalid",
    "ChannelNotFound",
    "ChannelStatus",
    "NewChannel",
    "Pushed",
    "PushedMessage",
    "QuarantineNotFound",
    "add_channel",
    "change_settings",
    "channel_settings",
    "find_channel",
    "list_aside",
    "list_channels",
    "pull_now",
    "push_messages",
    "raw_bytes",
    "replay",
    "set_paused",
]
