"""What the verbs of this room take and give: frozen records of plain values."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Words:
    """What a reply says: ``public`` may be shown to everybody, ``private`` to the citizen only.

    ``cites`` are the codes (文号) of documents of the policy library.
    """

    public: str
    private: str = ""
    cites: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Filled:
    """A template by its code, and the values of its variables."""

    template: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flag:
    """One remark of the quality check, in both languages.

    ``blocks``: nothing is sent to review or approved while it stands. ``found`` are the words.
    """

    code: str
    zh: str
    en: str
    found: Sequence[str] = ()
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Cited:
    """A document of the policy library; ``state`` is live, dead or withdrawn."""

    id: uuid.UUID
    code: str
    title: str
    url: str
    state: str


@dataclass(frozen=True, slots=True)
class Warned:
    """An earlier official answer to the same topic that says something else."""

    reply: uuid.UUID
    case: str
    text: str
    approved_at: datetime | None
    differs: Sequence[Mapping[str, Any]]
    acknowledged_by: str


@dataclass(frozen=True, slots=True)
class ReplyView:
    """A reply with everything its page shows; ``case`` is the number it was written for."""

    id: uuid.UUID
    case: str
    round: int
    kind: str
    corrects: uuid.UUID | None
    state: str
    official: bool
    version: int
    public_text: str
    private_text: str
    flags: Sequence[Mapping[str, Any]]
    cites: Sequence[Cited]
    warnings: Sequence[Warned]
    source: str
    note: str
    drafted_by: str
    drafted_at: datetime
    changed_by: str
    changed_at: datetime
    submitted_by: str
    submitted_at: datetime | None
    approved_by: str
    approved_at: datetime | None


@dataclass(frozen=True, slots=True)
class PublicReply:
    """What everybody may read of a case's answer; ``kind`` correction = 更正."""

    id: uuid.UUID
    kind: str
    text: str
    cites: Sequence[Cited]
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One reply on its way to one citizen: by which channel, how far, since when, what is wrong.

    ``held`` says that nothing of the office goes out until a person releases it.
    """

    id: uuid.UUID
    kind: str
    reply: uuid.UUID | None
    case: str
    channel: str
    channel_name: str
    plugin: str
    message: uuid.UUID
    state: str
    held: bool
    attempts: int
    trouble: str
    remote_id: str
    detail: str
    created_at: datetime
    changed_at: datetime
    sent_at: datetime | None
    settled_by: str
    settled_words: str
