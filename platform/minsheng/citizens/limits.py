"""How often one address may send and ask, counted before anything is looked at.

On the office's counters of guesses (:mod:`minsheng.accounts.guesses`), in a transaction of its own
that is committed first, so that a thousand at once are stopped like a thousand in a row. The
figures are ours: a village with one address at its service station sends some ten matters in a
quarter of an hour on its busiest day; three times that.
"""

from minsheng.accounts.guesses import WINDOW, Subject, address_subject, count_tries
from minsheng.accounts.tidying import plan_tidying
from minsheng.audit import Tools
from minsheng.citizens.errors import TooMany, TrackLocked

SEND, ASK, CODE = "portal-send", "portal-ask", "portal-code"
SENDS = 30
"""Forms from one address in one office and window."""
ASKS = 50
"""Tries of query codes from one address in one office and window."""
CODE_TRIES = 10
"""Tries of one query code in one window, whether or not there is such a code."""
SECONDS = WINDOW.total_seconds()


def count_send(tools: Tools, tenant_id: int, origin: str) -> None:
    """Count a form; raises TooMany."""
    subject = (SEND, address_subject(tools, tenant_id, origin)[1])
    if _count(tools, tenant_id, [subject])[SEND] > SENDS:
        raise TooMany(SECONDS)


def count_ask(tools: Tools, tenant_id: int, origin: str, code_ix: bytes) -> list[Subject]:
    """Count a try of a query code; raises TrackLocked. What to give back when it was no guess."""
    subjects = [(ASK, address_subject(tools, tenant_id, origin)[1]), (CODE, code_ix)]
    counted = _count(tools, tenant_id, subjects)
    if counted[ASK] > ASKS or counted[CODE] > CODE_TRIES:
        raise TrackLocked(SECONDS)
    return subjects


def _count(tools: Tools, tenant_id: int, subjects: list[Subject]) -> dict[str, int]:
    with tools.database.session(tenant_id) as session:
        counted = count_tries(session, tools.clock.now(), subjects)
        if 1 in counted.values():
            plan_tidying(session, tools)
    return counted
