"""What can go wrong in a channel, and whether trying again helps.

ChannelError
├── RetryableError          the same call may succeed later
│   ├── SourceUnavailable   no connection, time-out, 5xx, an empty body with 200
│   └── RateLimited         the source asked for patience; ``retry_after`` in seconds
└── PermanentError          somebody has to change something first
    ├── CredentialsRefused  wrong account, secret or token
    ├── SettingsInvalid     the channel's settings cannot work; names the field
    ├── ProtocolBroken      the source answered in a form the plugin does not know
    ├── MessageUnreadable   these raw bytes cannot be read; they go to quarantine
    └── DeliveryRefused     the source will never take this reply
DeliveryUncertain           the reply may or may not have arrived; never send again unasked
"""


class ChannelError(Exception):
    """The base of everything a plugin may raise on purpose."""

    retryable: bool = False


class RetryableError(ChannelError):
    """The same call may succeed later."""

    retryable = True


class SourceUnavailable(RetryableError):
    """The source did not answer, or answered that it cannot at the moment."""


class RateLimited(RetryableError):
    """The source asked for patience."""

    def __init__(self, message: str, retry_after: float = 60.0) -> None:
        """``retry_after`` is in seconds."""
        super().__init__(message)
        self.retry_after = retry_after


class PermanentError(ChannelError):
    """Trying again is useless until somebody changes something."""


class CredentialsRefused(PermanentError):
    """The source knows us not, or not any more."""


class SettingsInvalid(PermanentError):
    """The channel's settings cannot work."""

    def __init__(self, field: str, message: str) -> None:
        """``field`` is the name of the setting at fault."""
        super().__init__(f"{field}: {message}")
        self.field = field


class ProtocolBroken(PermanentError):
    """The source answered in a form that the plugin does not know."""


class MessageUnreadable(PermanentError):
    """These raw bytes cannot be read; the service keeps them in quarantine."""


class DeliveryRefused(PermanentError):
    """The source will never take this reply."""


class DeliveryUncertain(ChannelError):
    """The reply may or may not have arrived; it must not be sent again unasked."""
