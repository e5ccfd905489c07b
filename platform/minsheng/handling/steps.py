"""Walking a flow: on to the next step, or back with a reason."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.ledger import Wish
from minsheng.cases.models import Case
from minsheng.cases.standing import place_case
from minsheng.handling.acting import Act, acting, short
from minsheng.handling.checks import demand_needs, demand_other, demand_owner
from minsheng.handling.errors import HandlingConflict, HandlingInvalid
from minsheng.handling.flows import Step

OUTCOMES = ("pass", "return")


def advance(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    *,
    person: str = "",
    words: str = "",
    version: int | None = None,
) -> Case:
    """Finish the present step and begin the next one; each is stamped in the case's history.

    The last step is left by closing the case. Raises PersonUnfit (the step belongs to other
    roles), SamePerson, HandlingStale, or HandlingConflict for what the step still needs.
    """
    with acting(session, tools, wish, number, "advance") as act:
        act.current(version)
        _demand_awake(act)
        name, said = act.person(person), short(words, "words")
        step, after = _at(act)
        demand_owner(act, step, name)
        demand_needs(act, step, name)
        if after is None:
            message = f"{step.name} is the last step: close {number} instead"
            raise HandlingConflict(message)
        _go(act, step, after, name, said)
        return act.case


def review(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    outcome: str,
    *,
    person: str = "",
    words: str = "",
    version: int | None = None,
) -> Case:
    """Pass a step of the stage reviewing, or return the case to whoever handles it (D3).

    Who handled it is refused, whatever the step asks for. A return needs ``words``. Raises
    SamePerson, PersonUnfit, HandlingInvalid, HandlingStale or HandlingConflict.
    """
    with acting(session, tools, wish, number, "review") as act:
        act.current(version)
        _demand_awake(act)
        if outcome not in OUTCOMES:
            message = f"unknown outcome {outcome!r}: use one of {', '.join(OUTCOMES)}"
            raise HandlingInvalid("outcome", message)
        step, after = _at(act)
        if step.stage != "reviewing":
            message = f"{number} is at {step.name}, which is no review"
            raise HandlingConflict(message)
        name = act.person(person)
        demand_owner(act, step, name)
        demand_other(act, name, "review it")
        if outcome == "return":
            _go_back(act, step, _working(act.steps(), step), name, _why(act, words))
            return act.case
        demand_needs(act, step, name)
        if after is None:
            message = f"{step.name} is the last step: close {number} instead"
            raise HandlingConflict(message)
        _go(act, step, after, name, short(words, "words"), outcome=outcome)
        return act.case


def send_back(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    *,
    to: str = "",
    person: str = "",
    version: int | None = None,
) -> Case:
    """Return a case to an earlier step (退回), the one before unless ``to`` names another.

    The reason stands in the wish and must be there. The claim falls: the first receiver owns the
    case until somebody claims it again. Raises ReasonNeeded, HandlingInvalid or HandlingStale.
    """
    with acting(session, tools, wish, number, "send_back") as act:
        reason = act.reason()
        act.current(version)
        name, step = act.person(person), _at(act)[0]
        earlier = _before(act.steps(), step)
        if not earlier:
            message = f"{number} is at the first step: hand it to another body to be rid of it"
            raise HandlingConflict(message)
        chosen = [each for each in earlier if each.code == to] if to else [earlier[-1]]
        if not chosen:
            message = f"{to!r} is no earlier step: use {', '.join(e.code for e in earlier)}"
            raise HandlingInvalid("to", message)
        _go_back(act, step, chosen[0], name, reason)
        return act.case


def step_of(act: Act) -> Step:
    """The step at which the case stands."""
    return _at(act)[0]


def is_last(act: Act) -> bool:
    """Whether the case stands at the last step, the one that closing leaves."""
    return _at(act)[1] is None


def _at(act: Act) -> tuple[Step, Step | None]:
    """The present step and the one behind it."""
    steps = act.steps()
    at = next(index for index, step in enumerate(steps) if step.code == act.row.step)
    return steps[at], steps[at + 1] if at + 1 < len(steps) else None


def _before(steps: Sequence[Step], step: Step) -> list[Step]:
    return list(steps[: [each.code for each in steps].index(step.code)])


def _working(steps: Sequence[Step], step: Step) -> Step:
    """The step to which a review returns: the last one before it in which somebody worked."""
    earlier = _before(steps, step)
    return next((each for each in reversed(earlier) if each.stage == "handling"), earlier[-1])


def _go(act: Act, step: Step, to: Step, person: str, said: str, outcome: str = "") -> None:
    _place(act, to)
    act.tell(step=step.code, name=step.name, to=to.code, to_name=to.name, stage=to.stage,
             person=person, words=said, **({"outcome": outcome} if outcome else {}))  # fmt: skip


def _go_back(act: Act, step: Step, to: Step, person: str, reason: str) -> None:
    _place(act, to)
    act.tell(step=step.code, name=step.name, to=to.code, to_name=to.name, stage=to.stage,
             person=person, outcome="return", reason=reason)  # fmt: skip


def _place(act: Act, to: Step) -> None:
    act.row.step, act.row.step_at = to.code, act.now
    place_case(act.session, act.case.id, stage=to.stage)


def _why(act: Act, words: str) -> str:
    return short(words, "words") if words.strip() else act.reason()


def _demand_awake(act: Act) -> None:
    if act.case.paused:
        message = f"{act.case.number} waits for the citizen: resume it first"
        raise HandlingConflict(message)
