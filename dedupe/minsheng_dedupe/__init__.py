"""Is it the same matter? A library of its own: no web, no network, usable alone.

A citizen telephones, writes and posts about one matter; `Matcher` finds what came before and says
what to do: `same` (join by itself), `review` (show an officer), `related` (show as background) or
`different`. Every answer carries reasons in Chinese and English that can be checked by eye.

The model
    record      one message: words with placeholders for personal numbers, and keyed blind indexes
    features    what is kept of it: gram numbers, named places, indexes; no sentence (`features`)
    problem     what a message is about (`problem_words.txt`), and the 2-grams of its content words
                without places; how one matter is known again in other words (`problems`)
    code        a 64-bit number that leads to a message: one of its rarest 4-grams, the hash of its
                cleaned words, its citizen in a quarter of a year, a place with a problem. A code
                points at 24 messages at most, so a message costs the same in a store of ten
                thousand and of ten million.
    comparison  one question (the text, the subject, the citizen ...): an ordered tuple of levels
    level       one named answer to it: a rule, a weight in bits and words; the first that holds
                counts (`levels`). The weights are summed, with a prior, into a score of 0 to 1.
    veto        a level that forbids `same` whatever the sum: another building, another citizen,
                praise against complaint (`conflicts`).
    decision    `same` needs evidence that the citizen is the same (telephone or e-mail with alike
                text, or with one place and one problem told again in other words within a month
                (a quarter under a like heading); a name only with one text that nobody
                else sent), a high score and no veto.
    version     names levels, preparation and codes together; store it with each decision. Codes
                hold it, so features of two versions never meet.

To add a level: put a `Level` into its comparison in `levels` above those it should win over, give
it a weight and both wordings, raise `VERSION`, add its row to the truth table in
`tests/dedupe/test_levels.py`, and measure with `bench/dedupe_adapter.py`.
"""

from .matcher import Matcher
from .postgres import PostgresStore
from .records import Decision, Match, MatcherConfig, Reason, Record
from .stores import MemoryStore, Store

__all__ = [
    "Decision",
    "Match",
    "Matcher",
    "MatcherConfig",
    "MemoryStore",
    "PostgresStore",
    "Reason",
    "Record",
    "Store",
]
