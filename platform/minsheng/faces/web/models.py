"""What the templates draw: frozen values, already in the words and the order of the screen.

Templates compute nothing; a view turns what a service verb gave into one of these.
"""

from dataclasses import dataclass
from datetime import datetime

from minsheng.faces.web.deadlines import Chip


@dataclass(frozen=True, slots=True)
class OriginBadge:
    """Where messages came from: a plugin's name and how many messages of it."""

    plugin: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One case in the queue."""

    number: str
    subject: str
    state: str
    region: str
    message_count: int
    channel_count: int
    origins: tuple[OriginBadge, ...]
    opened_at: datetime
    last_at: datetime
    review_count: int
    secret: bool
    stage: str
    handler: str
    due: Chip | None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few: a link that narrows the queue, and whether it is the one in force."""

    label: str
    href: str
    current: bool
    count: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice among several by a list: ``href`` of each choice is the value that is sent."""

    name: str
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class QueueScreen:
    """A page of the queue with its filters; ``live_href`` is asked again for a first page.

    ``query`` is what stands behind the ``?`` of its address, to be kept under a name.
    """

    title: str
    rows: tuple[QueueRow, ...]
    filters: tuple[Filter, ...]
    states: tuple[Choice, ...]
    sorts: tuple[Choice, ...]
    search: str
    hidden: tuple[tuple[str, str], ...]
    filtered: bool
    all_href: str
    first_href: str | None
    next_href: str | None
    live_href: str | None
    query: str


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """Why two messages are, or are not, one matter; ``weight`` in bits, for when positive."""

    words: str
    weight: float
    veto: bool

    @property
    def side(self) -> str:
        """``veto``, ``for`` or ``against``."""
        if self.veto:
            return "veto"
        return "for" if self.weight >= 0 else "against"


@dataclass(frozen=True, slots=True)
class Join:
    """Why a message stands in its case: score 0 to 1, reasons with vetoes first, who and when.

    ``words`` are a person's own reason.
    """

    score: float | None
    reasons: tuple[ReasonLine, ...]
    by: str
    at: datetime
    algorithm: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of one text: ``own`` words, the ``same`` words as another, an own ``fact``, or a
    ``clash``: what the other text names otherwise.
    """

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class OriginColumn:
    """One message as a column of the case sheet; ``join`` is None for the first one."""

    message_id: str
    plugin: str
    channel: str
    received_at: datetime
    citizen: str
    confidential: bool
    external_id: str
    region: str
    subject: str
    body: tuple[Piece, ...]
    attachments: int
    join: Join | None
    can_split: bool


@dataclass(frozen=True, slots=True)
class Contact:
    """A citizen's contact shown once in its place, or ``trouble``: why it is not shown."""

    message_id: str
    name: str = ""
    phone: str = ""
    email: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class OfficeMark:
    """An office complained of; without a code it stands out of this office's sight."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """A message of another case that may be the same matter (``open``) or is related."""

    finding: str
    open: bool
    number: str
    subject: str
    excerpt: str
    score: float
    plugin: str
    received_at: datetime
    reasons: tuple[ReasonLine, ...]


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One entry of the case's ledger in the words of the screen.

    ``undo`` is the number of a case whose joining can still be undone, ``said`` a person's reason;
    ``group`` is what it is about: ledger, handling or reply.
    """

    icon: str
    words: str
    by: str
    at: datetime
    said: str = ""
    undo: str = ""
    group: str = "ledger"


@dataclass(frozen=True, slots=True)
class CaseScreen:
    """One case: its facts, origins side by side, similar cases and ledger.

    ``columns`` and ``events`` are a part of what there is, beginning at the ``first_`` of each
    (from 0); of ``message_count`` and ``event_count``.
    """

    number: str
    subject: str
    state: str
    merged_into: str
    region: str
    opened_at: datetime
    last_at: datetime
    message_count: int
    channel_count: int
    secret: bool
    complained: tuple[OfficeMark, ...]
    columns: tuple[OriginColumn, ...]
    similar: tuple[SimilarCase, ...]
    events: tuple[TimelineEvent, ...]
    first_column: int = 0
    first_event: int = 0
    event_count: int = 0

    @property
    def pairs(self) -> tuple[SimilarCase, ...]:
        """The similar cases that wait for a decision."""
        return tuple(other for other in self.similar if other.open)


@dataclass(frozen=True, slots=True)
class Passage:
    """One sentence of a text; ``courtesy`` ones say nothing of the matter and are folded."""

    pieces: tuple[Piece, ...]
    courtesy: bool


@dataclass(frozen=True, slots=True)
class PassageRow:
    """Two sentences side by side; None where a text says nothing of the kind."""

    left: Passage | None
    right: Passage | None


@dataclass(frozen=True, slots=True)
class PairSide:
    """One side of a possible duplicate; ``due`` is the deadline of its case."""

    number: str
    message_count: int
    column: OriginColumn
    due: Chip | None


@dataclass(frozen=True, slots=True)
class Consequences:
    """What each answer will do, in sentences: to deadlines, to replies, to the citizens."""

    same: tuple[str, ...]
    related: tuple[str, ...]
    different: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairScreen:
    """Two cases to decide about; without ``finding`` a person put them side by side."""

    left: PairSide
    right: PairSide
    rows: tuple[PassageRow, ...]
    then: Consequences
    next_href: str
    finding: str
    score: float | None
    reasons: tuple[ReasonLine, ...]
    algorithm: str
    waiting: int
    skip_href: str


@dataclass(frozen=True, slots=True)
class PairLine:
    """A possible duplicate in a list: both sides in short."""

    finding: str
    score: float
    reasons: tuple[ReasonLine, ...]
    left: str
    left_plugin: str
    left_subject: str
    left_text: str
    right: str
    right_plugin: str
    right_subject: str
    right_text: str


@dataclass(frozen=True, slots=True)
class RunLine:
    """One pull of a channel; ``outcome`` is the service's word for how it ended."""

    outcome: str
    started_at: datetime
    seconds: float | None
    fetched: int
    stored: int
    trouble: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ChannelCard:
    """A channel with its last runs, newest first."""

    code: str
    name: str
    plugin: str
    state: str
    interval_seconds: int
    failures: int
    runs: tuple[RunLine, ...]
    volume: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class QuarantineLine:
    """An arrival that could not be read: why, when, how large, from where."""

    id: str
    reason: str
    detail: str
    at: datetime
    size: int
    channel: str
    plugin: str


@dataclass(frozen=True, slots=True)
class RawScreen:
    """The bytes of one arrival as safe text; ``cut`` when only the beginning is shown."""

    line: QuarantineLine
    text: str
    cut: bool


@dataclass(frozen=True, slots=True)
class ProblemScreen:
    """What happened and what to do; ``number`` is to be quoted when asking for help."""

    status: int
    title: str
    text: str
    number: str = ""
