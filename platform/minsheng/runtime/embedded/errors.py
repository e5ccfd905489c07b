"""What can go wrong with the embedded servers, one type a meaning; every message is one line."""


class EmbeddedServerFailed(Exception):
    """An embedded server cannot be started; the message says what to do next."""


class ProgramsMissing(EmbeddedServerFailed):
    """The server programs are not installed, or not for this kind of machine."""


class HomeTaken(EmbeddedServerFailed):
    """Another process runs the servers of this home."""


class HomeUnreachable(EmbeddedServerFailed):
    """The OS user that runs the servers may not pass a folder above the home."""


class OsUserMissing(EmbeddedServerFailed):
    """Root runs no PostgreSQL, and the OS user for it could not be made."""


class PortTaken(EmbeddedServerFailed):
    """Another program listens on the port that this home remembers."""


class DiskFull(EmbeddedServerFailed):
    """The disk of the home has no room for the programs, the data or the log."""


class ServerDied(EmbeddedServerFailed):
    """A server ended while it was started; the message holds the tail of its log."""


class ServerSilent(EmbeddedServerFailed):
    """A server runs and does not answer in time."""


class DataVersionMismatch(EmbeddedServerFailed):
    """The data folder was made by another major version of PostgreSQL."""


class CredentialsUnfit(EmbeddedServerFailed):
    """The passwords of the home are lost or belong to other data."""


class LocaleUnfit(EmbeddedServerFailed):
    """The database does not see Chinese characters as letters."""
