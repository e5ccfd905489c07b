"""Flows as data: the templates that are shipped, and an office's own versions of them.

A flow is an ordered list of steps. Each has a code, a name, the stage of ``cases.stage`` that it
stands for, the roles that may finish it (``owners``; none = whoever may handle cases) and what it
needs before it can be left (``needs``, see :mod:`minsheng.handling.steps`). Behind the last step
the case is closed, if the guards of closing let it. A version is never changed: a case goes on by
the version it began with.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any, get_args

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from minsheng.accounts.roles import ROLES
from minsheng.audit import SYSTEM, Actor, Tools
from minsheng.cases.standing import Stage
from minsheng.handling.errors import HandlingInvalid, HandlingNotFound
from minsheng.handling.models import Flow
from minsheng.runtime.ids import new_id

DEFAULT = "closed-loop"
NEEDS = ("claimed", "other_person", "other_unit", "replied", "called_back", "demands")
_STAGES = tuple(stage for stage in get_args(Stage) if stage != "closed")
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_MOST_STEPS = 30
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a flow."""

    code: str
    name: str
    stage: Stage
    owners: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FlowPlan:
    """A flow as people choose it; ``version`` 0 is a template that nobody here uses yet."""

    code: str
    name: str
    template: str
    version: int
    steps: tuple[Step, ...]


@cache
def templates() -> Mapping[str, FlowPlan]:
    """The flows that are shipped, by code."""
    folder = files("minsheng.handling") / "data" / "flows"
    found = {}
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        code = file.name.removesuffix(".toml")
        told = tomllib.loads(file.read_text(encoding="utf-8"))
        found[code] = FlowPlan(code, told["name"], code, 0, read_steps(told["steps"]))
    return found


def read_steps(told: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Steps from their plain form; raises HandlingInvalid for what cannot be followed."""
    if not 1 <= len(told) <= _MOST_STEPS:
        message = f"a flow has 1 to {_MOST_STEPS} steps"
        raise HandlingInvalid("steps", message)
    steps = tuple(_read_step(each) for each in told)
    codes = [step.code for step in steps]
    if len(set(codes)) < len(codes):
        message = "two steps have the same code: give each its own"
        raise HandlingInvalid("steps", message)
    if not any(step.stage == "handling" for step in steps):
        message = "a flow needs a step of the stage handling: nobody would work on the case"
        raise HandlingInvalid("steps", message)
    return steps


def _read_step(told: Mapping[str, Any]) -> Step:
    code, name, stage = (str(told.get(part, "")) for part in ("code", "name", "stage"))
    if not _CODE.fullmatch(code):
        message = f"{code!r} is no code: use small letters, digits, dashes and underscores"
        raise HandlingInvalid("steps", message)
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        message = f"step {code} needs a name of 1 to {_LONGEST_NAME} printable characters"
        raise HandlingInvalid("steps", message)
    owners, needs = tuple(told.get("owners", ())), tuple(told.get("needs", ()))
    for what, given, known in (
        ("stage", (stage,), _STAGES),
        ("role", owners, ROLES),
        ("need", needs, NEEDS),
    ):
        unknown = [each for each in given if each not in known]
        if unknown:
            message = f"step {code}: unknown {what} {unknown[0]!r}: use some of {', '.join(known)}"
            raise HandlingInvalid("steps", message)
    return Step(code, name.strip(), stage, owners, needs)  # type: ignore[arg-type]  # just checked


def list_flows(session: Session) -> list[FlowPlan]:
    """The newest version of each flow of the office, and the templates it does not use yet."""
    newest = select(Flow.code, func.max(Flow.version).label("version")).group_by(Flow.code)
    own = {}
    for code, version in session.execute(newest.order_by(Flow.code)):
        own[code] = plan_of(_version(session, code, version))
    return [*own.values(), *(plan for code, plan in templates().items() if code not in own)]


def find_flow(session: Session, code: str) -> FlowPlan:
    """The newest version of a flow, or a template; raises HandlingNotFound."""
    newest = _newest(session, code)
    if newest is not None:
        return plan_of(newest)
    if code not in templates():
        message = f"there is no flow {code!r}: use one of {', '.join(templates())}"
        raise HandlingNotFound(message)
    return templates()[code]


def change_flow(
    session: Session, tools: Tools, actor: Actor, code: str, name: str, steps: Sequence[Any]
) -> FlowPlan:
    """Write a new version of a flow, or a flow of a new code; raises HandlingInvalid.

    Cases under way go on by the version they began with.
    """
    if not _CODE.fullmatch(code):
        message = f"{code!r} is no code: use small letters, digits, dashes and underscores"
        raise HandlingInvalid("code", message)
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        message = f"a flow needs a name of 1 to {_LONGEST_NAME} printable characters"
        raise HandlingInvalid("name", message)
    flow = _add_version(session, tools, actor, code, name.strip(), read_steps(steps))
    tools.auditor.record(session, actor, "flow.change", "flow", code)
    return plan_of(flow)


def flow_in_use(session: Session, tools: Tools, code: str) -> Flow:
    """The newest version of a flow as a row; a template gets its first one now."""
    newest = _newest(session, code)
    if newest is not None:
        return newest
    plan = find_flow(session, code)
    flow = _add_version(session, tools, SYSTEM, code, plan.name, plan.steps)
    tools.auditor.record(session, SYSTEM, "flow.change", "flow", code)
    return flow


def plan_of(flow: Flow) -> FlowPlan:
    """A stored version as people see it."""
    return FlowPlan(flow.code, flow.name, flow.template, flow.version, read_steps(flow.steps))


def _newest(session: Session, code: str) -> Flow | None:
    return session.scalar(
        select(Flow).where(Flow.code == code).order_by(Flow.version.desc()).limit(1)
    )


def _version(session: Session, code: str, version: int) -> Flow:
    return session.scalars(select(Flow).where(Flow.code == code, Flow.version == version)).one()


def _add_version(
    session: Session, tools: Tools, actor: Actor, code: str, name: str, steps: Sequence[Step]
) -> Flow:
    last = _newest(session, code)
    template = last.template if last else (code if code in templates() else "")
    flow = Flow(
        id=new_id(),
        code=code,
        version=last.version + 1 if last else 1,
        name=name,
        template=template,
        steps=[asdict(step) for step in steps],
        made_by=str(actor),
        made_at=tools.clock.now(),
    )
    session.add(flow)
    session.flush()
    return flow
