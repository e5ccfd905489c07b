"""What a step needs before it can be left, and who may be somebody else."""

from collections.abc import Callable, Mapping

from sqlalchemy import select

from minsheng.accounts.models import User
from minsheng.handling.acting import Act
from minsheng.handling.callbacks import call_back_recorded
from minsheng.handling.demands import unanswered
from minsheng.handling.errors import HandlingConflict, PersonUnfit, SamePerson
from minsheng.handling.flows import Step
from minsheng.handling.office import ways_of
from minsheng.handling.people import find_person, own_name

DELIVERED = "delivered"


def demand_owner(act: Act, step: Step, person: str) -> User:
    """The person, who must hold one of the roles that own the step; raises PersonUnfit."""
    user = find_person(act.session, person, act.now)
    if step.owners and not set(step.owners) & set(user.roles):
        message = f"the step {step.name} belongs to {' or '.join(step.owners)}: {person} is none"
        raise PersonUnfit("person", message)
    return user


def demand_other(act: Act, person: str, what: str) -> None:
    """Raise SamePerson for one who handled the case in this round (D3: checked by another)."""
    if not ways_of(act.session).two_people:
        return
    if person in {act.case.handler, *act.row.handled_by}:
        message = f"{person} handled {act.case.number} and may not {what}: another person has to"
        raise SamePerson(message)


def demand_needs(act: Act, step: Step, person: str) -> None:
    """Raise where something that the step needs is missing."""
    for need in step.needs:
        _NEEDS[need](act, person)


def _claimed(act: Act, _person: str) -> None:
    if act.row.claimed_at is None:
        message = f"{act.case.number} was not claimed: claim it first"
        raise HandlingConflict(message)


def _other_person(act: Act, person: str) -> None:
    demand_other(act, person, "check it")


def _other_unit(act: Act, person: str) -> None:
    """Re-checked by another unit; where the office is one unit, by another person at least."""
    handlers = {act.case.handler, *act.row.handled_by}
    known = select(User.username, User.unit).where(User.username.in_({person, *handlers}))
    units = dict(act.session.execute(known).all())
    own = own_name(act.session)
    mine = units.get(person) or own
    if mine != own and mine in {units.get(name) or own for name in handlers}:
        message = f"{person} is of the unit that handled {act.case.number}: another unit checks it"
        raise SamePerson(message)


def _replied(act: Act, _person: str) -> None:
    if act.case.reply_state != DELIVERED and "reply" not in act.row.exempt:
        message = f"the reply of {act.case.number} has not been delivered: send it first"
        raise HandlingConflict(message)


def _called_back(act: Act, _person: str) -> None:
    if not call_back_recorded(act.session, act.case.id) and "call_back" not in act.row.exempt:
        message = f"{act.case.number} has no call-back record: call the citizen back first"
        raise HandlingConflict(message)


def _demands(act: Act, _person: str) -> None:
    left = unanswered(act.session, act.case)
    if left:
        message = f"demands {', '.join(map(str, left))} of {act.case.number} are not answered"
        raise HandlingConflict(message)


_NEEDS: Mapping[str, Callable[[Act, str], None]] = {
    "claimed": _claimed,
    "other_person": _other_person,
    "other_unit": _other_unit,
    "replied": _replied,
    "called_back": _called_back,
    "demands": _demands,
}
