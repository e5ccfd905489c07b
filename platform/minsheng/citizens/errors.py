"""What can be wrong with what a citizen, or an officer about a citizen's word, asks for.

CitizenError
├── SubmissionInvalid   a field of the form cannot be taken like this; ``field`` names it
├── TooMany             too much from one address in a while; ``retry_after`` in seconds
├── TrackRefused        no such query code, or not these four digits: one type, one message
│   └── TrackLocked     guessed too often; ``retry_after`` in seconds
├── VisitEnded          the short visit after the query code is over, or was never one
├── MatterNotFound      no such public matter in this office
├── RatingRefused       there is nothing to rate yet, or it cannot be changed any more
├── ReopenRefused       not answered yet, too late, or taken up again once already
├── OriginNotFound      the channel has brought no such message
├── ReviewNotFound      no such low-rating review in sight
├── ReviewClosed        it has been closed already
├── SampleNotFound      no such re-inspection, or the case is not in it
├── SampleInvalid       a sample cannot be drawn like this; ``field`` names what to change
├── OwnInspection       the case's handler does not re-inspect it
├── PublicationRefused  the case may not be shown to everybody; the words say why
└── PortalInvalid       a portal cannot look like this; ``field`` names what to change
"""


class CitizenError(Exception):
    """The base of what this room raises on purpose."""


class FieldError(CitizenError):
    """Something cannot be taken as it is; ``field`` names what to change."""

    def __init__(self, field: str, message: str) -> None:
        """``message`` says what to give."""
        super().__init__(message)
        self.field = field


class SubmissionInvalid(FieldError):
    """A field of a citizen's form cannot be taken like this."""


class TooMany(CitizenError):
    """Too much has come from one address; ``retry_after`` says in seconds when it may go on."""

    def __init__(self, retry_after: float) -> None:
        """One message for every kind of wish."""
        super().__init__("too many requests from this address: wait a quarter of an hour")
        self.retry_after = retry_after


class TrackRefused(CitizenError):
    """No such query code, or not these digits: nobody learns which."""

    def __init__(self, message: str = "the query code and the last four digits do not fit") -> None:
        """One message for a wrong code and for wrong digits."""
        super().__init__(message)


class TrackLocked(TrackRefused):
    """The code was tried too often; even the right digits wait."""

    def __init__(self, retry_after: float) -> None:
        """``retry_after`` in seconds, the same for a code that exists and one that does not."""
        super().__init__("tried too often: wait a quarter of an hour")
        self.retry_after = retry_after


class VisitEnded(CitizenError):
    """The visit is over, or another office's, or none of ours."""

    def __init__(self) -> None:
        """One message for every reason."""
        super().__init__("give the query code and the last four digits again")


class MatterNotFound(CitizenError):
    """The office shows no such matter."""

    def __init__(self) -> None:
        """One message for one that never was, one withdrawn and another office's."""
        super().__init__("this office shows no such matter: look at the list again")


class RatingRefused(CitizenError):
    """There is nothing to rate yet, or the time to change a rating is over."""


class ReopenRefused(CitizenError):
    """The case cannot be taken up again by this citizen now; the words say why."""


class OriginNotFound(CitizenError):
    """A channel speaks of a message that it has not brought, or that is not matched yet."""


class ReviewNotFound(CitizenError):
    """The office has no such review in the viewer's sight."""

    def __init__(self) -> None:
        """One message for an absent one, one out of sight and another office's."""
        super().__init__("this office has no such low-rating review: look at the list again")


class ReviewClosed(CitizenError):
    """A person has closed the review before."""


class SampleNotFound(CitizenError):
    """The office has no such re-inspection, or the case is not among those it drew."""

    def __init__(self) -> None:
        """One message for every reason."""
        super().__init__("this office has no such case in a re-inspection: look at the list again")


class SampleInvalid(FieldError):
    """A sample cannot be drawn like this."""


class OwnInspection(CitizenError):
    """Who handled a case does not re-inspect it (跟踪督查, 回访复核)."""


class PublicationRefused(CitizenError):
    """The case may not be shown to everybody."""


class PortalInvalid(FieldError):
    """A portal cannot look or behave like this."""
