"""From levels to an answer: probability, decision, reasons."""

from collections.abc import Callable, Iterator, Sequence

from .conflicts import MASK, differing, fact_share
from .levels import TOLD, alike, held, here, one_text, soon, told_by_other
from .pairs import Pair
from .records import Decision, Match, MatcherConfig, Reason
from .weights import Forest, Model, Table, measured

DOUBTFUL = -4.0
"""The most log-odds that a pair with another door or with praise against complaint may have. Of
2,183 training pairs with alike texts and another building, unit, phase, house number or group none
was one case; for metro lines, rooms, plates and praise it is a rule, not a measurement."""

_RETOLD = 0.7
"""The least probability with which a matter told again in other words joins. Of three
real joins between 0.6 and 0.7 two were doubtful when read: neighbouring questions of a citizen."""

DECISIONS: tuple[Decision, ...] = ("same", "review", "related", "different")

CIRCULATING = Reason(
    "text.circulating",
    "同文另有他人来件，仅凭姓名不自动合并",
    "others sent this text too: a name alone does not join",
    0.0,
    veto=True,
)


class Judge:
    """Answers by what was learnt, within what no sum may override."""

    def __init__(self, case: Model, link: Model, config: MatcherConfig) -> None:
        self._case, self._link, self._config = case, link, config
        self._forest = Forest((case, link))

    def answers(self, pairs: Sequence[Pair]) -> list[Match]:
        """Best first: by decision, then probability, then message id."""
        if not pairs:
            return []
        table = measured(pairs)
        sums, links = self._forest.sums(table)
        sums = [min(s, DOUBTFUL) if hard(p) else s for s, p in zip(sums, pairs, strict=True)]
        scores, likely = self._case.probability(sums), self._link.probability(links)
        told = [
            _decide(*each, self._config) for each in zip(pairs, scores, likely, strict=True)
        ]  # fmt: skip
        ids = [pair.earlier.message_id for pair in pairs]
        order = sorted(range(len(ids)), key=lambda i: (told[i], -sums[i], ids[i]))
        return [
            Match(
                ids[i], scores[i], DECISIONS[told[i]], likely[i], self._teller(pairs[i], table, i)
            )
            for i in order[: self._config.results]
        ]

    def _teller(self, pair: Pair, table: Table, row: int) -> Callable[[], tuple[Reason, ...]]:
        return lambda: tuple(_reasons(pair, self._case.adds(table, row)))


def _reasons(pair: Pair, adds: dict[str, float]) -> Iterator[Reason]:
    """The levels that a pair reached and what each adds."""
    for comparison in TOLD:
        level = comparison.reached(pair)
        if level.zh:
            words, own = comparison.words(pair), [adds[name] for name in comparison.measures]
            bits = sum(own) if own else fact_share(pair, level.code, adds)
            yield Reason(
                level.code, level.zh.format(**words), level.en.format(**words),
                round(bits, 2), level.veto,
            )  # fmt: skip
    if pair.copies and pair.name and not pair.firm and one_text(pair):
        yield CIRCULATING


def _decide(pair: Pair, score: float, link: float, config: MatcherConfig) -> int:
    """The place of the decision in `DECISIONS`."""
    told, near = here(pair) and soon(pair), pair.known or alike(pair)
    if _proven(pair, score, told, config) and not vetoed(pair):
        return _SAME
    near = near or link >= config.review_score
    if not hard(pair) and _shown(pair, score, told, config):
        return _REVIEW
    return _RELATED if near else _DIFFERENT


_SAME, _REVIEW, _RELATED, _DIFFERENT = range(len(DECISIONS))


def _proven(pair: Pair, score: float, told: bool, config: MatcherConfig) -> bool:
    """Whether it is the same citizen's matter: by telephone or mail address with alike texts or
    with a matter told again, by name with one text that nobody else sent."""
    if pair.firm and told and score >= _RETOLD:
        return True
    own_text = pair.name and not pair.copies and one_text(pair)
    return score >= config.same_score and (own_text or (pair.firm and alike(pair)))


def _shown(pair: Pair, score: float, told: bool, config: MatcherConfig) -> bool:
    """Whether an officer should look at the pair, unless another door is named."""
    here_too, text = not differing(pair), alike(pair)
    if held(pair) and (pair.known or here_too):
        return True
    telling = text or told or pair.most >= 0.3 or pair.subject >= 0.6
    if score >= config.review_score and telling and (pair.known or (text and here_too)):
        return True
    by_other = told_by_other(pair) and soon(pair) and _headed(pair)
    return here_too and (told or by_other)


def _headed(pair: Pair) -> bool:
    return pair.no_subject or pair.subject >= 0.3 or pair.told >= 0.5


def hard(pair: Pair) -> bool:
    """What leaves nothing for an officer to weigh: another door, praise against complaint."""
    return pair.stance or bool(differing(pair) & MASK["address"])


def vetoed(pair: Pair) -> bool:
    """Whether something forbids to join, whatever the sum."""
    return pair.stance or pair.unlike or pair.days > 366 or bool(differing(pair))
