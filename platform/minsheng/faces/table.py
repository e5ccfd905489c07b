"""Which error of a room becomes which problem: the rows of every room in one table."""

from minsheng.cases.errors import MatchingInvalid
from minsheng.cases.service import (
    CaseConflict,
    CaseNotFound,
    FindingNotFound,
    MessageNotFound,
    MessageNotInCase,
    PurposeInvalid,
    QueueWishInvalid,
    ReasonMissing,
    RevealRefused,
    RouteRefused,
    SaidNotSame,
)
from minsheng.citizens.service import (
    MatterNotFound,
    OriginNotFound,
    OwnInspection,
    PortalInvalid,
    PublicationRefused,
    RatingRefused,
    ReopenRefused,
    ReviewClosed,
    ReviewNotFound,
    SampleInvalid,
    SampleNotFound,
    SubmissionInvalid,
    TooMany,
    TrackLocked,
    TrackRefused,
    VisitEnded,
)
from minsheng.crossings.service import CrossingConflict, CrossingNotFound, LeadInvalid
from minsheng.documents.pdf import PdfToolMissing
from minsheng.faces import problems
from minsheng.faces.problems import ProblemKind, ProblemTable
from minsheng.handling.errors import (
    HandlingConflict,
    HandlingInvalid,
    HandlingNotFound,
    HandlingStale,
    SamePerson,
)
from minsheng.handling.handovers_errors import (
    BodyOutOfReach,
    HandoverConflict,
    HandoverNotFound,
    InstructionNotFound,
    OrderInvalid,
)
from minsheng.intake.host import HostError, PluginNotInstalled
from minsheng.intake.service import (
    ChannelExists,
    ChannelInvalid,
    ChannelNotFound,
    QuarantineNotFound,
)
from minsheng.replies.service import (
    AnsweredAlready,
    AnsweredOtherwise,
    ReplyConflict,
    ReplyInvalid,
    ReplyNotFound,
    TwoPeople,
    VariableUndefined,
    VersionStale,
)
from minsheng.supervision.service import FiguresInvalid
from minsheng_sdk import (
    ChannelError,
    CredentialsRefused,
    RateLimited,
    SettingsInvalid,
    SourceUnavailable,
)

_INVALID = ProblemKind(422, "invalid", "The request cannot be carried out as it is")
_ABSENT = ProblemKind(404, "not-found", "There is no such thing here")
_EXISTS = ProblemKind(409, "exists", "It exists already")

PROBLEMS: ProblemTable = {
    **problems.PROBLEMS,
    ChannelInvalid: _INVALID,
    ChannelExists: _EXISTS,
    ChannelNotFound: _ABSENT,
    QuarantineNotFound: _ABSENT,
    PluginNotInstalled: ProblemKind(422, "plugin-missing", "The plugin is not installed"),
    SettingsInvalid: _INVALID,
    CredentialsRefused: ProblemKind(502, "source-refused", "The source refused the credentials"),
    RateLimited: ProblemKind(503, "source-busy", "The source asks for patience"),
    SourceUnavailable: ProblemKind(502, "source-away", "The source cannot be reached"),
    ChannelError: ProblemKind(502, "source-failed", "The source could not be understood"),
    HostError: ProblemKind(502, "plugin-failed", "The channel's plugin failed"),
    CaseNotFound: _ABSENT,
    FindingNotFound: _ABSENT,
    MatchingInvalid: _INVALID,
    MessageNotInCase: _ABSENT,
    MessageNotFound: _ABSENT,
    PurposeInvalid: _INVALID,
    ReasonMissing: _INVALID,
    RevealRefused: ProblemKind(403, "citizen-unnamed", "The citizen asked not to be named"),
    RouteRefused: ProblemKind(403, "route-refused", "The case may not go to this office"),
    CaseConflict: ProblemKind(409, "conflict", "The case is not in a state that allows this"),
    SaidNotSame: ProblemKind(409, "said-not-same", "A person said these are not the same"),
    QueueWishInvalid: _INVALID,
    CrossingConflict: ProblemKind(409, "conflict", "The crossing is not in a state that allows it"),
    CrossingNotFound: _ABSENT,
    LeadInvalid: _INVALID,
    BodyOutOfReach: ProblemKind(422, "out-of-reach", "The case cannot be handed to this body"),
    HandoverConflict: ProblemKind(409, "conflict", "The case is not in a state that allows this"),
    HandoverNotFound: _ABSENT,
    InstructionNotFound: _ABSENT,
    OrderInvalid: _INVALID,
    ReplyNotFound: _ABSENT,
    ReplyInvalid: _INVALID,
    VariableUndefined: _INVALID,
    TwoPeople: ProblemKind(403, "two-people", "Another person has to decide"),
    ReplyConflict: ProblemKind(409, "conflict", "The reply is not in a state that allows this"),
    VersionStale: ProblemKind(409, "stale", "Somebody changed it meanwhile"),
    AnsweredAlready: ProblemKind(409, "answered-already", "The case has its official answer"),
    AnsweredOtherwise: ProblemKind(409, "answered-otherwise", "The topic was answered otherwise"),
    HandlingInvalid: _INVALID,
    HandlingNotFound: _ABSENT,
    HandlingConflict: ProblemKind(409, "conflict", "The case is not in a state that allows this"),
    HandlingStale: ProblemKind(409, "stale", "It was changed since it was read"),
    SamePerson: ProblemKind(403, "two-people", "Another person has to decide"),
    FiguresInvalid: _INVALID,
    PdfToolMissing: ProblemKind(503, "tool-missing", "A library of the system is not installed"),
    SubmissionInvalid: _INVALID,
    SampleInvalid: _INVALID,
    PortalInvalid: _INVALID,
    MatterNotFound: _ABSENT,
    OriginNotFound: _ABSENT,
    ReviewNotFound: _ABSENT,
    SampleNotFound: _ABSENT,
    VisitEnded: ProblemKind(401, "visit-ended", "The query has ended"),
    TrackRefused: ProblemKind(403, "code-refused", "The query code does not fit"),
    TrackLocked: ProblemKind(429, "locked", "Tried too often"),
    TooMany: ProblemKind(429, "too-many", "Too much from one address"),
    RatingRefused: ProblemKind(409, "conflict", "There is nothing to rate"),
    ReopenRefused: ProblemKind(409, "conflict", "The case cannot be taken up again"),
    ReviewClosed: ProblemKind(409, "conflict", "The review is closed"),
    OwnInspection: ProblemKind(409, "own-inspection", "Somebody else looks at it again"),
    PublicationRefused: ProblemKind(409, "not-public", "The case may not be shown to everybody"),
}
