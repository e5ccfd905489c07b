"""All that the author of a channel plugin imports.

A channel is one configured source of one office: a hotline, a mailbox, a message board. A plugin
teaches the service to speak one kind of source. It implements the hooks of
:mod:`minsheng_sdk.spec`, gives and takes the frozen records of :mod:`minsheng_sdk.records`, raises
the errors of :mod:`minsheng_sdk.errors`, and ships a loopback server
(:class:`minsheng_sdk.loopback.Loopback`) against which the conformance kit of
:mod:`minsheng_sdk.testing` runs.

Three helpers are imported by their own names, since not every channel needs them:
:mod:`minsheng_sdk.http` (a session with limits whose failures are the errors above),
:mod:`minsheng_sdk.loopback_http` (an HTTP server that misbehaves on request) and
:mod:`minsheng_sdk.text` (JSON and text that the service can store).
"""

from minsheng_sdk.delivery import Deliver, OpenDelivery, about_to_send
from minsheng_sdk.errors import (
    ChannelError,
    CredentialsRefused,
    DeliveryRefused,
    DeliveryUncertain,
    MessageUnreadable,
    PermanentError,
    ProtocolBroken,
    RateLimited,
    RetryableError,
    SettingsInvalid,
    SourceUnavailable,
)
from minsheng_sdk.loopback import Fault, Loopback
from minsheng_sdk.records import (
    API_VERSION,
    Attachment,
    ChannelInfo,
    CheckReport,
    Citizen,
    DeliveryReceipt,
    OutgoingReply,
    Page,
    ParsedMessage,
    RawItem,
    SampleMessage,
    SettingField,
    Settings,
    SettingType,
    SettingValue,
)
from minsheng_sdk.settings import validate_settings
from minsheng_sdk.spec import hookimpl, hookspec

__all__ = [
    "API_VERSION",
    "Attachment",
    "ChannelError",
    "ChannelInfo",
    "CheckReport",
    "Citizen",
    "CredentialsRefused",
    "Deliver",
    "DeliveryReceipt",
    "DeliveryRefused",
    "DeliveryUncertain",
    "Fault",
    "Loopback",
    "MessageUnreadable",
    "OpenDelivery",
    "OutgoingReply",
    "Page",
    "ParsedMessage",
    "PermanentError",
    "ProtocolBroken",
    "RateLimited",
    "RawItem",
    "RetryableError",
    "SampleMessage",
    "SettingField",
    "SettingType",
    "SettingValue",
    "Settings",
    "SettingsInvalid",
    "SourceUnavailable",
    "about_to_send",
    "hookimpl",
    "hookspec",
    "validate_settings",
]
