"""How a case goes when what brought it is returned or recalled: closed, or the message taken out.

Taking a message out of a case is a split: the ledger then remembers that the two are apart, which
is wanted here too, since what was recalled must not draw later arrivals to itself.
"""

from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.ledger import messages_in
from minsheng.cases.service import Sight, Wish, place_case, split
from minsheng.handling.handover_models import Handover
from minsheng.handling.handovers_places import case_of_message


def leave_case(
    session: Session, tools: Tools, actor: Actor, handover: Handover, reason: str
) -> bool:
    """Close the receiver's case of a handover, without what else was joined with it.

    False while its message is not matched: there is no case yet, and the caller asks again.
    """
    case = case_of_message(session, handover.to_message)
    if case is None or handover.to_message is None:
        return False
    home = case
    if set(messages_in(session, case.id)) - {handover.to_message}:
        wish = Wish(actor, reason, sight=Sight(confidential=True))
        home = split(session, tools, wish, case.number, [handover.to_message])
    if home.closed_at is None:
        place_case(session, home.id, stage="closed", closed_at=tools.clock.now())
    return True
