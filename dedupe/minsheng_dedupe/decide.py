"""From levels to an answer: score, decision, reasons."""

from dataclasses import replace

from .conflicts import fact_reasons, is_hard
from .levels import CITIZEN, PRIOR, PROBLEM, STANCE, SUBJECT, TEXT, TIME, level_of
from .pairs import Pair
from .records import Decision, Match, MatcherConfig, Reason

_KNOWN = {"citizen.phone", "citizen.email"}
_ONE_TEXT = {"text.exact", "text.near"}
_HELD = _ONE_TEXT | {"text.contained"}
_ALIKE = _HELD | {"text.similar"}
_HERE = {"problem.here", "problem.told"}
_TOLD = {"problem.told", "problem.neighbour"}
_TELLING = _ALIKE | _HERE | {"text.partial", "text.little", "subject.same", "subject.near"}
_RECENT = {"days.close", "days.month"}
_OTHERS = {"citizen.other_phone", "citizen.other_email", "citizen.other_name"}
_RANK: dict[Decision, int] = {"same": 0, "review": 1, "related": 2, "different": 3}

CIRCULATING = Reason(
    "text.circulating",
    "同文另有他人来件，仅凭姓名不自动合并",
    "others sent this text too: a name alone does not join",
    0.0,
    veto=True,
)


def judge(pair: Pair, config: MatcherConfig) -> Match:
    """The answer for one pair, by itself."""
    reasons = _reasons(pair)
    score = _score(sum(r.weight for r in reasons))
    return Match(pair.earlier.message_id, score, _decide(reasons, score, config), tuple(reasons))


def rank(matches: list[Match], most: int) -> list[Match]:
    """Best first: by decision, then score, then message id; at most `most`.

    A name is weak evidence when the same text comes from other citizens too (a copied petition):
    then what only a name joined goes to an officer.
    """
    if any(_copied_by_other(m) for m in matches):
        matches = [_doubted(m) for m in matches]
    return sorted(matches, key=lambda m: (_RANK[m.decision], -m.score, m.message_id))[:most]


def _reasons(pair: Pair) -> list[Reason]:
    levels = [level_of(c, pair) for c in (TEXT, PROBLEM, SUBJECT, CITIZEN, STANCE, TIME)]
    return [level.reason(pair) for level in levels if level.zh] + fact_reasons(pair)


def _score(bits: float) -> float:
    """Bits of evidence as a probability, 0 to 1, rounded to six places."""
    return round(1 / (1 + 2 ** -(bits + PRIOR)), 6)


def _decide(reasons: list[Reason], score: float, config: MatcherConfig) -> Decision:
    codes = {r.code for r in reasons}
    vetoes = [r for r in reasons if r.veto]
    known, named = bool(codes & _KNOWN), "citizen.name" in codes
    retold = bool(codes & _HERE) and _soon(codes)
    proven = (known and (codes & _ALIKE or retold)) or (named and codes & _ONE_TEXT)
    if proven and not vetoes and score >= config.same_score:
        return "same"
    if any(is_hard(r) for r in vetoes):
        return "related"
    likely = score >= config.review_score and codes & _TELLING
    placed = any(r.code.endswith(".conflict") for r in vetoes)
    if codes & _HELD and (known or named or not placed):
        return "review"
    if likely and ((known or named) or (codes & _ALIKE and not placed)):
        return "review"
    if codes & _TOLD and "subject.other" not in codes and not placed and _soon(codes):
        return "review"
    near_by = any(r.code in ("estate.same", "school.same", "road.same") for r in reasons)
    if known or named or codes & _ALIKE or (near_by and "text.other" not in codes):
        return "related"
    return "different"


def _soon(codes: set[str]) -> bool:
    """Near enough in time for other words to tell the same matter: within a month, or within a
    quarter of a year under a heading that has something in common."""
    within = codes & _RECENT or ("days.season" in codes and "subject.other" not in codes)
    return bool(within)


def _copied_by_other(match: Match) -> bool:
    codes = {r.code for r in match.reasons}
    return bool(codes & _OTHERS) and bool(codes & _ONE_TEXT)


def _doubted(match: Match) -> Match:
    if match.decision != "same" or any(r.code in _KNOWN for r in match.reasons):
        return match
    return replace(match, decision="review", reasons=(*match.reasons, CIRCULATING))
