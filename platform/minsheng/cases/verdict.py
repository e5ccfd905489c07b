"""What an office makes of the matcher's answer to a pair: join, show, note, or nothing."""

from dataclasses import asdict
from typing import Any

from minsheng.cases.match_settings import ANYONE, Matching
from minsheng_dedupe import Match, Reason

JOINED, REVIEW, RELATED, OPENED = "joined", "review", "related", "opened"
OUTCOMES = (JOINED, REVIEW, RELATED, OPENED)
"""What can become of a message that arrives, the strongest first."""

ACROSS = Reason(
    "office.anyone",
    "按本单位设置，不同来件人反映同一事项的，自动合并",
    "by this office's setting different citizens on one matter are joined",
    0.0,
)
ASKED_AGAIN = Reason(
    "memory.changed",
    "曾判定不是同一件事；本件内容已有实质变化，请再看一次",
    "said not to be the same before; this text says something else, so please look again",
    0.0,
)
_OF_CITIZEN = ("citizen.", "text.circulating")
"""Vetoes that say no more than that the citizens are, or may be, two."""


def joins_across(match: Match, matching: Matching) -> bool:
    """Whether different citizens' messages join by the office's setting: on one matter above the
    threshold, and nothing but the citizens speaks against it."""
    if matching.auto_join != ANYONE or match.decision not in ("review", "related"):
        return False
    return match.link >= matching.join and not any(
        reason.veto and not reason.code.startswith(_OF_CITIZEN) for reason in match.reasons
    )


def join_score(match: Match, *, across: bool) -> float:
    """The probability by which a join is told: of one matter of anyone, or of one citizen."""
    return match.link if across else match.score


def told(match: Match, *more: Reason) -> list[dict[str, Any]]:
    """The reasons as they are stored."""
    return [asdict(reason) for reason in (*match.reasons, *more)]
