"""The whole database in one file and back again (decision 34).

``back_up(owner_url, path, master, clock)`` and ``restore(owner_url, path, master, words, fit)``.
"""

from minsheng.runtime.backup.archive import About
from minsheng.runtime.backup.errors import BackupError, BackupUnfit, ProgramFailed, TargetUnfit
from minsheng.runtime.backup.restoring import back_up, restore, words_for

__all__ = [
    "About",
    "BackupError",
    "BackupUnfit",
    "ProgramFailed",
    "TargetUnfit",
    "back_up",
    "restore",
    "words_for",
]
