"""The verbs of matching: its settings and figures, its joins for sampling, answers by the batch."""

from minsheng.cases.answers import (
    MAX_ANSWERS,
    RESULTS,
    Answer,
    AnswerResult,
    answer_findings,
)
from minsheng.cases.joins import (
    MAX_PAGE,
    MAX_SAMPLE,
    VERDICTS,
    Joined,
    JoinPage,
    Span,
    joins_page,
    judge_join,
    sample_joins,
)
from minsheng.cases.match_figures import Counts, Figures, Precision, matching_figures
from minsheng.cases.match_settings import ANYONE, CITIZEN, Matching, matching_of, set_matching

__all__ = [
    "ANYONE",
    "CITIZEN",
    "MAX_ANSWERS",
    "MAX_PAGE",
    "MAX_SAMPLE",
    "RESULTS",
    "VERDICTS",
    "Answer",
    "AnswerResult",
    "Counts",
    "Figures",
    "JoinPage",
    "Joined",
    "Matching",
    "Precision",
    "Span",
    "answer_findings",
    "joins_page",
    "judge_join",
    "matching_figures",
    "matching_of",
    "sample_joins",
    "set_matching",
]
