"""Re-inspection (回头看): a sample of closed cases that can be drawn again, looked at by others.

A case's place in a draw is the SHA-256 of the seed and its number, so the same seed over the same
days draws the same cases on any machine, and one more case closed moves none of the others out of
its order. Who handled a case does not look at it again.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Row, and_, func, select, update
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.ledger import case_event
from minsheng.cases.models import OPEN, Case
from minsheng.cases.service import PLAIN, Sight, Wish, find_case
from minsheng.cases.sight import in_sight
from minsheng.citizens.errors import OwnInspection, SampleInvalid, SampleNotFound
from minsheng.citizens.models import Sample, SampleCase
from minsheng.handling import service as handling
from minsheng.runtime.database import insert_rows
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

RESULTS = ("sound", "flawed", "reopened")
"""办结属实, 办结有瑕疵, 重新办理."""
MOST_DRAWN = 1000
MOST_SEED, LEAST_WORDS, MOST_WORDS = 100, 4, 1000


@dataclass(frozen=True, slots=True)
class Draw:
    """What to draw: cases closed from ``since`` (included) to ``until`` (excluded), both aware.

    Either ``share`` (0 to 1, rounded up) or ``count``; ``seed`` is any text, said beforehand.
    """

    since: datetime
    until: datetime
    seed: str
    share: float | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A case of a sample and what was found; ``round`` is the one that was drawn."""

    number: str
    subject: str
    place: int
    round: int
    result: str
    words: str
    looked_by: str
    looked_at: datetime | None


@dataclass(frozen=True, slots=True)
class SampleView:
    """A sample with the cases of it that are in sight, in the order they were drawn."""

    id: uuid.UUID
    since: datetime
    until: datetime
    seed: str
    population: int
    drawn: int
    drawn_by: str
    drawn_at: datetime
    cases: Sequence[Drawn]


def draw_sample(session: Session, tools: Tools, wish: Wish, draw: Draw) -> SampleView:
    """Draw closed cases for re-inspection; the same ``draw`` draws the same. SampleInvalid."""
    _check(draw)
    closed = (
        select(Case.id, Case.round, Case.number)
        .where(Case.closed_at >= draw.since, Case.closed_at < draw.until, Case.state == OPEN)
        .where(*in_sight(wish.sight))
    )
    population = session.scalar(select(func.count()).select_from(closed.subquery())) or 0
    order = func.sha256(func.convert_to(func.concat(draw.seed, "|", Case.number), "UTF8"))
    rows = session.execute(closed.order_by(order, Case.number).limit(_wanted(draw, population)))
    sample = Sample(
        id=new_id(), since=draw.since, until=draw.until, seed=draw.seed, population=population,
        drawn=0, drawn_by=wish.actor.name, drawn_at=tools.clock.now(),
    )  # fmt: skip
    chosen = [_drawn_row(session, sample.id, place, row) for place, row in enumerate(rows, start=1)]
    sample.drawn = len(chosen)
    session.add(sample)
    session.flush()
    insert_rows(session, SampleCase, chosen)
    tools.auditor.record(session, wish.actor, "sample.draw", "sample", sample.id)
    return sample_view(session, sample.id, wish.sight)


def record_inspection(
    session: Session,
    tools: Tools,
    wish: Wish,
    sample_id: uuid.UUID,
    number: str,
    result: str,
    words: str,
) -> SampleView:
    """Write down what the look at one case found; ``reopened`` begins another round of it.

    Raises CaseNotFound, SampleNotFound, SampleInvalid, or OwnInspection for the case's handler.
    """
    _check_result(result, words.strip())
    case = find_case(session, number, wish.sight)
    own = SampleCase.sample_id == sample_id, SampleCase.case_id == case.id
    row = session.scalar(select(SampleCase).where(*own).with_for_update())
    if row is None:
        raise SampleNotFound
    if wish.actor.name == case.handler:
        message = f"you handled {number}: somebody else looks at it again"
        raise OwnInspection(message)
    if row.result:
        message = f"{number} was looked at by {row.looked_by} already: read what was found"
        raise SampleInvalid("result", message)
    now = tools.clock.now()
    session.execute(
        update(SampleCase)
        .where(*own)
        .values(result=result, words=words.strip(), looked_by=wish.actor.name, looked_at=now)
    )
    data = {"sample": str(sample_id), "result": result, "words": words.strip()}
    session.add(case_event(now, wish.actor, case.id, "inspected", data))
    tools.auditor.record(session, wish.actor, "sample.record", "case", number)
    if result == "reopened":
        handling.reopen(session, tools, replace(wish, reason=words.strip()), number)
    session.flush()
    return sample_view(session, sample_id, wish.sight)


def list_samples(
    session: Session, after: uuid.UUID | None = None, limit: int = 50
) -> Sequence[Sample]:
    """The re-inspections of the office, newest first, those behind ``after``."""
    chosen = select(Sample).order_by(Sample.id.desc()).limit(limit)
    if after is not None:
        chosen = chosen.where(Sample.id < after)
    return session.scalars(chosen).all()


def sample_view(session: Session, sample_id: uuid.UUID, sight: Sight = PLAIN) -> SampleView:
    """One of them with its cases in sight; raises SampleNotFound."""
    sample = session.scalar(select(Sample).where(Sample.id == sample_id))
    if sample is None:
        raise SampleNotFound
    here = and_(Case.tenant_id == SampleCase.tenant_id, Case.id == SampleCase.case_id)
    chosen = (
        select(
            Case.number, Case.subject, SampleCase.place, SampleCase.round, SampleCase.result,
            SampleCase.words, SampleCase.looked_by, SampleCase.looked_at,
        )
        .join(Case, here)
        .where(SampleCase.sample_id == sample_id, *in_sight(sight))
        .order_by(SampleCase.place)
    )  # fmt: skip
    cases = [Drawn(*row) for row in session.execute(chosen)]
    return SampleView(
        sample.id, sample.since, sample.until, sample.seed, sample.population, sample.drawn,
        sample.drawn_by, sample.drawn_at, cases,
    )  # fmt: skip


def _wanted(draw: Draw, population: int) -> int:
    if draw.count is not None:
        return min(draw.count, MOST_DRAWN)
    # A share of what is there, rounded up: 5 % of 10 cases is one case, not none.
    return min(-int(-population * (draw.share or 0) // 1), MOST_DRAWN)


def _drawn_row(
    session: Session, sample_id: uuid.UUID, place: int, row: Row[uuid.UUID, int, str]
) -> dict[str, object]:
    return {
        "tenant_id": tenant_of(session),
        "sample_id": sample_id,
        "case_id": row.id,
        "place": place,
        "round": row.round,
    }


def _check(draw: Draw) -> None:
    if draw.since >= draw.until:
        message = "the window ends before it begins: give since before until"
        raise SampleInvalid("until", message)
    if not draw.seed.strip() or len(draw.seed) > MOST_SEED or not draw.seed.isprintable():
        message = f"give a seed of 1 to {MOST_SEED} printable characters: it draws the same again"
        raise SampleInvalid("seed", message)
    if (draw.share is None) == (draw.count is None):
        message = "give either a share or a count"
        raise SampleInvalid("share", message)
    if draw.share is not None and not 0 < draw.share <= 1:
        message = "a share lies above 0 and goes to 1"
        raise SampleInvalid("share", message)
    if draw.count is not None and not 1 <= draw.count <= MOST_DRAWN:
        message = f"draw 1 to {MOST_DRAWN} cases"
        raise SampleInvalid("count", message)


def _check_result(result: str, words: str) -> None:
    if result not in RESULTS:
        message = f"a look ends with one of {', '.join(RESULTS)}"
        raise SampleInvalid("result", message)
    if not LEAST_WORDS <= len(words) <= MOST_WORDS:
        message = f"say what was found in {LEAST_WORDS} to {MOST_WORDS} characters"
        raise SampleInvalid("words", message)
