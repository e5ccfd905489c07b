"""From levels to an answer: probability, decision, reasons."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .comparison import Places
from .conflicts import ADDRESS, SOFT
from .levels import (
    LEVELS,
    TOLD,
    alike,
    held,
    here,
    one_text,
    soon,
    told_by_other,
)
from .pairs import Compared, Flags, Numbers
from .records import Decision, Match, MatcherConfig, Reason
from .weights import Model, columns, reached

_DOUBTFUL = -4.0
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


@dataclass(frozen=True)
class Judge:
    """Answers by what was learnt, within what no sum may override."""

    case: Model
    link: Model
    config: MatcherConfig

    def answers(self, pairs: Compared) -> list[Match]:
        """Best first: by decision, then probability, then message id."""
        places, column = reached(pairs), columns(pairs)
        sums = self.case.sums(places, column)
        veto, hard = vetoes(pairs)
        sums = np.where(hard, np.minimum(sums, _DOUBTFUL), sums)
        score = self.case.probability(sums)
        link = self.link.probability(self.link.sums(places, column))
        doubted = pairs.copies > 0
        decided = _decide(pairs, score, link, (veto, hard), self.config)
        ids = [e.message_id for e in pairs.earlier]
        order = sorted(range(len(ids)), key=lambda i: (decided[i], -sums[i], ids[i]))
        return [
            Match(
                ids[i], float(score[i]), DECISIONS[decided[i]], float(link[i]),
                self._teller(pairs, places, int(column[i]), i, bool(doubted[i])),
            )
            for i in order[: self.config.results]
        ]  # fmt: skip

    def _teller(
        self, pairs: Compared, places: Places, column: int, row: int, copied: bool
    ) -> Callable[[], tuple[Reason, ...]]:
        def explain() -> tuple[Reason, ...]:
            told = [
                Reason(
                    level.code, level.zh.format(**words), level.en.format(**words), bits, level.veto
                )
                for comparison, at in zip(TOLD, places[row].tolist(), strict=False)
                if (level := LEVELS[at]).zh
                for words, bits in [(comparison.words(pairs, row), self.case.bits(column, at))]
            ]
            named = pairs.name[row] and not _firm(pairs)[row]
            return (
                (*told, CIRCULATING) if copied and named and one_text(pairs)[row] else tuple(told)
            )

        return explain


def _firm(pairs: Compared) -> Flags:
    """Whether telephone or e-mail say that the citizen is the same."""
    return pairs.phone | pairs.email


def _decide(
    pairs: Compared,
    score: Numbers,
    link: Numbers,
    against: tuple[Flags, Flags],
    config: MatcherConfig,
) -> list[int]:
    """The place of the decision in `DECISIONS` for each earlier message."""
    firm, known, text = _firm(pairs), pairs.known, alike(pairs)
    told = here(pairs) & soon(pairs)
    veto, hard = against
    likely = score >= config.same_score
    proven = (
        (firm & text & likely)
        | (pairs.name & _own_text(pairs) & likely)
        | (firm & told & (score >= _RETOLD))
    )
    near = known | text | (link >= config.review_score)
    shown = _shown(pairs, score, told, config)
    chosen = [proven & ~veto, hard & near, shown & ~hard, near]
    return np.select(chosen, [0, 2, 1, 2], 3).tolist()  # type: ignore[no-any-return]


def _own_text(pairs: Compared) -> Flags:
    """Whether both are one text that nobody else sent: then a name is evidence enough."""
    alone: Flags = pairs.copies == 0
    return one_text(pairs) & alone


def _shown(pairs: Compared, score: Numbers, told: Flags, config: MatcherConfig) -> Flags:
    """Whether an officer should look at the pair, unless a hard veto stands."""
    known, text, here_too = pairs.known, alike(pairs), ~_other_place(pairs)
    telling = text | told | (pairs.most >= 0.3) | (pairs.subject >= 0.6)
    shown = held(pairs) & (known | here_too)
    shown |= (score >= config.review_score) & telling & (known | (text & here_too))
    shown |= (told | (told_by_other(pairs) & soon(pairs) & _headed(pairs))) & here_too
    return shown


def _headed(pairs: Compared) -> Flags:
    return pairs.no_subject | (pairs.subject >= 0.3) | (pairs.told >= 0.5)


def vetoes(pairs: Compared) -> tuple[Flags, Flags]:
    """What forbids to join, and what leaves nothing for an officer to weigh: another door,
    praise against complaint."""
    differ = np.where(SOFT, pairs.changed, pairs.conflicts | pairs.changed)
    hard = differ[:, ADDRESS].any(axis=1) | pairs.stance
    far = pairs.days > 366
    people = (pairs.other_phone | pairs.other_email) & ~(pairs.phone | pairs.email)
    return differ.any(axis=1) | hard | far | people, hard


def _other_place(pairs: Compared) -> Flags:
    """Whether another place or another number is named."""
    differ = np.where(SOFT, pairs.changed, pairs.conflicts | pairs.changed)
    return np.asarray(differ.any(axis=1), dtype=np.bool_)
