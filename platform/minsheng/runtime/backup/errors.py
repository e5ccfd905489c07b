"""What can go wrong with a backup, one type a meaning; every message is one line."""


class BackupError(Exception):
    """A backup cannot be made or restored; the message says what to do next."""


class BackupUnfit(BackupError):
    """The file is no backup, was cut off or changed, or is of another version or key."""


class TargetUnfit(BackupError):
    """The database holds offices already, or is in use."""


class ProgramFailed(BackupError):
    """``pg_dump`` or ``pg_restore`` ended with an error."""
