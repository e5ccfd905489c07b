"""Is it the same matter? A library of its own: no web, no network, usable alone.

A citizen telephones, writes and posts about one matter; `Matcher` finds what came before and says
what to do: `same` (join by itself), `review` (show an officer), `related` (show as background) or
`different`. Every answer carries reasons in Chinese and English that can be checked by eye.

The model
    record      one message: words with placeholders for personal numbers, and keyed blind indexes
    features    what is kept of it: gram numbers, named places, hashes; no sentence (`features`)
    problem     what a message is about (`problem_words.txt`), and the 2-grams of its content words
                without places; how one matter is known again in other words (`problems`)
    code        a slot and 32 bits that lead to a message: the rarest 4-gram of each of 20 slots,
                the hash of its cleaned words, its citizen in half a year, a place with a
                problem. A code points at 24 messages at most, so a message costs the same in a
                store of ten thousand and of ten million. What such bounds leave out is counted
                (`Matcher.caps`).
    pair        one message beside an earlier one, and its measures (`pairs`)
    comparison  one question (the text, the subject, the citizen ...): ordered levels, of which the
                first that holds counts (`comparison`).
    level       one named answer: a rule and words in Chinese and English (`levels`, `conflicts`).
    weight      what measures add to the log-odds: small trees learnt from labelled letters by
                `bench/dedupe_train.py` into `learnt.json`; a calibrated curve makes a probability
                of the sum (`weights`). What a tree adds is told by the level of the measure it
                asks for. Two models: the same case (one citizen), which is the score, and the
                same matter of any citizen (link).
    veto        a level that forbids `same` whatever the sum: another building, another citizen,
                praise against complaint.
    decision    `same` needs evidence that the citizen is the same (telephone or e-mail with alike
                text, or with one place and one problem told again in other words within a month
                (a quarter under a like heading); a name only with one text that nobody
                else sent), a high score for alike texts and no veto (`decide`).
    version     names levels, preparation and codes together; store it with each decision. Codes
                hold it, so features of two versions never meet.

To add a level: put it into its comparison in `levels` above those it should win over and add its
row to `tests/dedupe/test_levels.py`. To add a measure: make it a field of `pairs.Pair`, name it in
`weights.PLAIN` and in its comparison, learn anew. Raise `VERSION` with either, and measure with
`python -m bench dedupe`.
"""

from .matcher import Matcher
from .postgres import PostgresStore
from .records import Caps, Decision, Match, MatcherConfig, Reason, Record
from .stores import MemoryStore, Store

__all__ = [
    "Caps",
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
