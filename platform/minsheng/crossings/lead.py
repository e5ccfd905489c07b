"""首接首办: who of two bodies leads, by the rules of their common superior.

``territory``       the body whose region holds the matter; of two, the one further down the tree
``first_receiver``  the body whose citizen was heard first
``superior_choice`` nobody until the superior has said so

The rules are asked in order; one that cannot tell (a tie) leaves it to the next. Where none can,
the superior chooses.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.crossings.errors import LeadInvalid
from minsheng.crossings.models import RULES, LeadRules
from minsheng.crossings.sides import Place
from minsheng_tenants import tenant_of

TERRITORY, FIRST_RECEIVER, SUPERIOR_CHOICE = RULES
DEFAULT: tuple[str, ...] = RULES
_CODE = re.compile(r"[1-9]\d{5}(\d{3})?")


@dataclass(frozen=True, slots=True)
class Claimant:
    """One of the two bodies, the region its case names (a code or empty), when it first heard."""

    place: Place
    region: str
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Decided:
    """The id of the body that leads, by which rule; no id while the superior is asked."""

    lead: int | None
    rule: str


def decide(rules: Sequence[str], one: Claimant, other: Claimant) -> Decided:
    """Who leads by ``rules``; raises KeyError for a rule that is none."""
    for rule in rules:
        if rule == SUPERIOR_CHOICE:
            break
        lead = _DECIDERS[rule](one, other)
        if lead is not None:
            return Decided(lead, rule)
    return Decided(None, SUPERIOR_CHOICE)


def lead_rules(session: Session) -> tuple[str, ...]:
    """The rules of the session's office, by which bodies below it agree; the default ones else."""
    found = session.scalar(select(LeadRules.rules))
    return tuple(found) if found else DEFAULT


def set_lead_rules(
    session: Session, tools: Tools, actor: Actor, rules: Sequence[str]
) -> tuple[str, ...]:
    """Give the bodies below this office its rules, in order; raises LeadInvalid."""
    wanted = tuple(rules)
    if not wanted or len(set(wanted)) != len(wanted) or not set(wanted) <= set(RULES):
        message = f"name each rule once, in order, out of {', '.join(RULES)}"
        raise LeadInvalid("rules", message)
    values = {"rules": list(wanted), "set_by": str(actor), "set_at": tools.clock.now()}
    row = insert(LeadRules).values(tenant_id=tenant_of(session), **values)
    session.execute(row.on_conflict_do_update(index_elements=["tenant_id"], set_=values))
    said = " ".join(wanted)
    tools.auditor.record(
        session, actor, "lead_rules.set", "tenant", tenant_of(session), result=said
    )
    return wanted


def holds(code: str, region: str) -> bool:
    """Whether the body of a code of GB/T 2260 holds a region; a department's own code holds none.

    A province ends in four zeros and a city in two; what stands before them is theirs.
    """
    if not _CODE.fullmatch(code) or not region:
        return False
    stem = code
    for zeros in ("0000", "00"):
        if len(code) == 6 and code.endswith(zeros):
            stem = code[: -len(zeros)]
            break
    return region.startswith(stem)


def region_code(region: str) -> str:
    """A region as a code of county (6 digits) or street (9), empty for anything else."""
    return region if _CODE.fullmatch(region) else ""


def _territory(one: Claimant, other: Claimant) -> int | None:
    regions = {each.region for each in (one, other) if each.region}
    if not regions or any(
        not (a.startswith(b) or b.startswith(a)) for a in regions for b in regions
    ):
        return None
    region = max(regions, key=len)
    holders = [each.place for each in (one, other) if holds(each.place.code, region)]
    if not holders:
        return None
    deepest = max(len(place.line) for place in holders)
    left = [place.id for place in holders if len(place.line) == deepest]
    return left[0] if len(left) == 1 else None


def _first_receiver(one: Claimant, other: Claimant) -> int | None:
    if one.first_at is None or other.first_at is None or one.first_at == other.first_at:
        return None
    return one.place.id if one.first_at < other.first_at else other.place.id


_DECIDERS = {TERRITORY: _territory, FIRST_RECEIVER: _first_receiver}
