"""What an office sets of its matching: two thresholds, and whose messages join by themselves."""

from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.errors import MatchingInvalid
from minsheng.cases.match_models import MatchSettings
from minsheng_dedupe import MatcherConfig
from minsheng_tenants import tenant_of

CITIZEN, ANYONE = "citizen", "anyone"
LEAST_JOIN = 0.9
"""Below this probability one join in ten would be wrong; our figure."""
LEAST_REVIEW = 0.2
"""Below this an officer would be asked of four strangers for each repeat; our figure."""

_SHIPPED = MatcherConfig()


@dataclass(frozen=True, slots=True)
class Matching:
    """``join`` and ``review`` are probabilities, 0 to 1, from which a message joins by itself or
    is shown to an officer; ``auto_join`` says whether only one citizen's messages join
    (``citizen``) or different citizens' on one matter too (``anyone``).

    What a citizen tells again in other words joins by a rule of its own (docs/decisions/0012).
    """

    join: float = _SHIPPED.same_score
    review: float = _SHIPPED.review_score
    auto_join: str = CITIZEN

    def config(self) -> MatcherConfig:
        """The bounds of the matcher."""
        return MatcherConfig(same_score=self.join, review_score=self.review)


def matching_of(session: Session) -> Matching:
    """The office's settings, or those that ship."""
    columns = MatchSettings.join_score, MatchSettings.review_score, MatchSettings.auto_join
    row = session.execute(select(*columns)).one_or_none()
    return Matching(*row) if row else Matching()


def set_matching(
    session: Session,
    tools: Tools,
    actor: Actor,
    *,
    join: float | None = None,
    review: float | None = None,
    auto_join: str | None = None,
) -> Matching:
    """Change what is given; it holds from the next batch on. Raises MatchingInvalid."""
    before = matching_of(session)
    after = Matching(
        before.join if join is None else join,
        before.review if review is None else review,
        before.auto_join if auto_join is None else auto_join,
    )
    _check(after)
    tenant_id = tenant_of(session)
    values = {
        "join_score": after.join,
        "review_score": after.review,
        "auto_join": after.auto_join,
        "changed_by": str(actor),
        "changed_at": tools.clock.now(),
    }
    session.execute(
        insert(MatchSettings)
        .values(tenant_id=tenant_id, **values)
        .on_conflict_do_update(
            index_elements=["tenant_id"], set_=values, where=MatchSettings.tenant_id == tenant_id
        )
    )
    said = " ".join(f"{name}={value}" for name, value in asdict(after).items())
    tools.auditor.record(session, actor, "matching.set", "matching", said)
    return after


def _check(wish: Matching) -> None:
    if not LEAST_JOIN <= wish.join <= 1:
        message = f"the threshold of joining lies between {LEAST_JOIN:g} and 1"
        raise MatchingInvalid("join", message)
    if not LEAST_REVIEW <= wish.review < wish.join:
        message = f"the threshold of review lies between {LEAST_REVIEW:g} and that of joining"
        raise MatchingInvalid("review", message)
    if wish.auto_join not in (CITIZEN, ANYONE):
        message = f"unknown auto_join {wish.auto_join!r}: use {CITIZEN} or {ANYONE}"
        raise MatchingInvalid("auto_join", message)
