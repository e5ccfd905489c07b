"""Who did what to which row, in the transaction that did it.

Every change of state and every look at personal data leaves one entry (DESIGN invariant 9), with
an HMAC of its own. The service's login can add entries and nothing else.
"""

from minsheng.audit.models import AuditEntry
from minsheng.audit.service import SYSTEM, Actor, Auditor, entry_seal
from minsheng.audit.tools import Tools, make_tools

__all__ = ["SYSTEM", "Actor", "AuditEntry", "Auditor", "Tools", "entry_seal", "make_tools"]
