"""The frozen records that cross the edge between the service and a channel plugin."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

API_VERSION = 1

SettingType = Literal["text", "secret", "integer", "boolean", "choice", "mapping"]
SettingValue = str | int | bool | Mapping[str, str]
Settings = Mapping[str, SettingValue]


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """What a plugin is: its name, its titles and what it can do.

    ``api_version`` is the SDK contract the plugin was written for; the service refuses to load
    a plugin whose version it does not know. ``public``: what is delivered can be read by everybody,
    so the service never hands it a private text. ``announces``: the plugin calls
    :func:`minsheng_sdk.about_to_send` right before the step after which a reply may have arrived;
    whatever ends a run before that call has sent nothing.
    """

    name: str
    title_zh: str
    title_en: str
    badge_zh: str
    badge_en: str
    api_version: int = API_VERSION
    can_deliver: bool = False
    can_look_up: bool = False
    public: bool = False
    announces: bool = False


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting of a channel; the form for adding a channel is drawn from these.

    ``secret`` values are stored encrypted and never shown again. ``choices`` is used by the type
    ``choice`` only; a ``mapping`` is a flat object of text to text.
    """

    name: str
    type: SettingType
    title_zh: str
    title_en: str
    hint_zh: str = ""
    hint_en: str = ""
    required: bool = True
    default: SettingValue | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The answer of a live check of a channel's settings: one line a step, in both languages."""

    ok: bool
    lines_zh: tuple[str, ...]
    lines_en: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawItem:
    """One arrival exactly as the source gave it.

    ``source_key`` names the arrival for ever within its channel; ``raw`` are the untouched bytes.
    ``epoch`` is the source's own numbering period (IMAP UIDVALIDITY): an arrival that is seen again
    with equal bytes under a new epoch is the same arrival.
    """

    source_key: str
    raw: bytes
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some arrivals and the cursor that stands after them.

    The service commits ``items`` and ``cursor`` together before it asks for the next page, so a
    plugin may acknowledge a page at its source once the generator is resumed. ``cursor`` is the
    plugin's own text (at most 64 KiB), given back unread at the next pull.
    """

    items: tuple[RawItem, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class Citizen:
    """Who wrote or called, as far as the channel knows; an unknown field is empty."""

    name: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message: its name, media type and size in bytes."""

    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """One arrival read into the field's words.

    ``received_at`` is aware. ``thread`` holds the channel's own references to earlier arrivals
    (mail: Message-IDs). ``extra`` keeps what the channel says besides, as text. ``confidential``
    says that the citizen asked, by a field of the source, not to be named (要求保密); the service
    reads the words of the text itself.
    """

    external_id: str
    subject: str
    body: str
    received_at: datetime
    region: str = ""
    addressee: str = ""
    kind: str = ""
    citizen: Citizen = Citizen()
    thread: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    confidential: bool = False


@dataclass(frozen=True, slots=True)
class OutgoingReply:
    """One official reply on its way to one origin.

    ``delivery_key`` is stable over every attempt (mail: it becomes the Message-ID);
    ``external_id`` and ``thread`` are those of the message that is answered. ``text`` may be read
    by everybody; ``private_text`` is for the citizen alone, and empty for a channel that publishes.
    ``automatic``: no person wrote it (a receipt), so that no machine should answer it (RFC 3834).
    """

    delivery_key: str
    external_id: str
    subject: str
    text: str
    office: str
    citizen: Citizen = Citizen()
    thread: tuple[str, ...] = ()
    private_text: str = ""
    automatic: bool = False

    @property
    def whole_text(self) -> str:
        """Both texts, for a channel that reaches the citizen alone."""
        return "\n\n".join(text for text in (self.text, self.private_text) if text)


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """What the source said to a delivery: its own id of the reply and its words."""

    delivery_key: str
    remote_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SampleMessage:
    """A message to be put into a loopback server, in the field's words.

    ``sample_id`` is unique and stable; the server derives its own identifiers from it.
    """

    sample_id: str
    subject: str
    body: str
    received_at: datetime
    region: str = ""
    addressee: str = ""
    kind: str = ""
    domain: str = ""
    citizen: Citizen = Citizen()
