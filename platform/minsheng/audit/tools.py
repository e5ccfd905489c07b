"""What every verb of the rooms above needs besides its session."""

from dataclasses import dataclass

from minsheng.audit.service import Auditor
from minsheng.runtime.clock import Clock
from minsheng.runtime.crypto import MasterKey
from minsheng.runtime.database import Database
from minsheng.runtime.keyring import Keyring


@dataclass(frozen=True, slots=True)
class Tools:
    """The one clock, keyring and auditor of a process, and the maker of sessions."""

    database: Database
    clock: Clock
    keyring: Keyring
    auditor: Auditor
    master: MasterKey


def make_tools(database: Database, master: MasterKey, clock: Clock) -> Tools:
    """Put the tools of a process together."""
    auditor = Auditor(master.purpose("audit"), clock)
    return Tools(database, clock, Keyring(master, database), auditor, master)
