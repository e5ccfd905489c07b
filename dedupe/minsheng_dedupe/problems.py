"""What a message is about: problems it speaks of and its content words, places left out.

Two people tell one problem in different sentences but with some of the same words. Two things are
kept of a message: the problems of `problem_words.txt` it speaks of mainly (`topics`), and the
2-grams of its content words (`keys`) - no function words, no citizens' boilerplate, no named
places, since one estate has many problems. `problem_words.txt` is one problem a line,
`name<TAB>words`, written by hand from what citizens complain of; frozen with the version.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from .facts import Facts
from .grams import SPACE, WEIGHTS, Grams, Run, distinct, two_grams
from .normalise import PLANE, points_of

_IN_SUBJECT = 3
_MAIN = 2
_MOST_TOPICS = 4
_SHOWN = 5
"""Key words shown to an officer."""

PLACES = ("estate", "school", "hospital", "road", "village", "market")
_KEY_WEIGHT = 3.6
"""A gram found in more than 2.5 % of letters says nothing of the problem."""

_PLACE_WEIGHT = 5.0
"""From this weight two characters name a place even without its kind: 桂香 does, 中心 does not."""

_FIRM = re.compile("物业(?!费)|公司|置业|集团")
_FUNCTION = frozenset(
    "的了是在我你您他她它们这那有不没和与及也就都还又被把让给向从到对为于以等着过吗呢吧啊么个之其"
    "来去上下里外中前后说想要会能可请很太更最每某各自己多少几次日月年天时分号第一二三四五六七八九十"
    "百千万元块米只又再才却但而且或则所因由此该本贵谁何怎哪什样将已仍至今起称家人事先生女士0123456789"
)

Flags = npt.NDArray[np.bool_]
Stem = tuple[str, int]
"""A place named by its key, and the number of the key's last 2-gram."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`topics`: line numbers of `problem_words.txt`, most spoken of first; `keys`: the distinct
    2-grams of content words, ascending."""

    topics: bytes
    keys: Grams


@dataclass(frozen=True, slots=True)
class Wording:
    """A text, where in it 2-grams of content words stand (ascending), and which. Kept only while
    its message is compared: it is what key words are shown from."""

    text: str
    at: npt.NDArray[np.intp]
    grams: Grams

    def shared(self, keys: Grams, most: int) -> list[str]:
        """The words whose grams all stand in `keys` too, most telling first, at most `most`."""
        if not len(keys):
            return []
        near = np.minimum(np.searchsorted(keys, self.grams), len(keys) - 1)
        hit = keys[near] == self.grams
        runs: list[tuple[int, int, float]] = []
        weights = WEIGHTS[self.grams[hit]].tolist()
        for at, weight in zip(self.at[hit].tolist(), weights, strict=True):
            if runs and runs[-1][1] == at:
                start, _, sum_ = runs.pop()
                runs.append((start, at + 1, sum_ + weight))
            else:
                runs.append((at, at + 1, weight))
        words = {self.text[start : end + 1]: -bits for start, end, bits in runs}
        return sorted(words, key=lambda word: (words[word], word))[:most]

    def told_by(self, keys: Grams, topics: set[int]) -> str:
        """The content words both messages tell (`keys`: the earlier one's), or the problems both
        name (`topics`), as an officer reads."""
        found = self.shared(keys, _SHOWN)
        return "、".join(found) or "、".join(sorted(NAMES[topic] for topic in topics))


def read_problem(run: Run, facts: Facts, places: list[Stem]) -> tuple[Problem, Wording]:
    """The problem told by a cleaned text (`normalise.close_up`) that names `facts`, of which
    `places` are the `stems`."""
    words = _problem_words(run)
    telling = _content(run, words)
    for start, end in _places(run.text, facts, places):
        first, last = run.at.searchsorted((start, end)).tolist()
        telling[max(0, first - 1) : last] = False
    at = np.flatnonzero(telling)
    grams = run.grams[at]
    problem = Problem(_main_topics(words, run.title), distinct(grams.copy()))
    return problem, Wording(run.text, run.at[at], grams)


def stems(facts: Facts) -> list[Stem]:
    """The key of each named place and its last 2-gram, if it names the place without its kind."""
    named = facts.named
    found = (_stem(key) for kind in PLACES if kind in named for key in named[kind])
    return [stem for stem in found if stem]


@lru_cache(maxsize=1 << 13)
def _stem(key: str) -> Stem | None:
    gram = int(two_grams(points_of(key[-2:]))[0])
    return (key, gram) if WEIGHTS[gram] >= _PLACE_WEIGHT and key not in _TOPIC_OF else None


def _problem_words(run: Run) -> list[tuple[int, str]]:
    """At which letter words of `problem_words.txt` stand, the longest at each place, none inside
    another."""
    found, free = [], 0
    for letter in np.flatnonzero(_OPENS[run.grams]).tolist():
        if letter >= free:
            at = int(run.at[letter])
            for word in _OPENED.get(run.text[at : at + 2], ()):
                if run.text.startswith(word, at):
                    found.append((letter, word))
                    free = letter + len(word)
                    break
    return found


def _main_topics(words: list[tuple[int, str]], subject: int) -> bytes:
    score: dict[int, int] = {}
    for at, word in words:
        topic = _TOPIC_OF[word]
        score[topic] = score.get(topic, 0) + (_IN_SUBJECT if at < subject else 1)
    ordered = sorted(score, key=lambda t: (-score[t], t))
    main = [t for t in ordered if score[t] >= _MAIN] or ordered[:1]
    return bytes(main[:_MOST_TOPICS])


def _content(run: Run, words: list[tuple[int, str]]) -> Flags:
    """Which 2-grams are of content words: Han, no function words, no boilerplate, no firms."""
    open_, text = _TELLING[np.minimum(run.letters, PLANE - 1)], run.text
    idle = np.flatnonzero(_IDLE[run.grams])
    open_[idle] = False
    open_[idle + 1] = False
    if "物业" in text or "公司" in text or "置业" in text or "集团" in text:
        for hit in _FIRM.finditer(text):
            first, last = run.at.searchsorted((hit.start() - 2, hit.end())).tolist()
            open_[first:last] = False
    for at, word in words:
        open_[at : at + len(word)] = True
    telling: Flags = open_[:-1] & open_[1:]
    telling &= _KEYS[run.grams]
    telling &= run.joined
    return telling


def _places(text: str, facts: Facts, places: list[Stem]) -> Iterator[tuple[int, int]]:
    named = facts.named
    names = {shown for kind in PLACES if kind in named for shown in named[kind].values()}
    for name in names.union(key for key, _ in places):
        at = text.find(name)
        while at >= 0:
            yield at, at + len(name)
            at = text.find(name, at + len(name))


def _lines(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def _read() -> tuple[list[str], dict[str, int]]:
    names: list[str] = []
    topic_of: dict[str, int] = {}
    for line in _lines("problem_words.txt").splitlines():
        name, _, listed = line.partition("\t")
        topic_of |= {word: len(names) for word in listed.split(" ") if word not in topic_of}
        names.append(name)
    return names, topic_of


def _flags(words: Iterable[str], start: Flags) -> Flags:
    for word in words:
        start[two_grams(points_of(word))] = True
    return start


NAMES, _TOPIC_OF = _read()
_OPENED: dict[str, list[str]] = {}
for _word in sorted(_TOPIC_OF, key=lambda w: (-len(w), w)):
    _OPENED.setdefault(_word[:2], []).append(_word)
_OPENS = _flags(_OPENED, np.zeros(SPACE, dtype=np.bool_))
_IDLE = _flags(_lines("idle_words.txt").split(), np.zeros(SPACE, dtype=np.bool_))
_KEYS = _flags(_TOPIC_OF, WEIGHTS >= _KEY_WEIGHT)
_TELLING = np.zeros(PLANE, dtype=np.bool_)
_TELLING[0x4E00:0xA000] = True
_TELLING[[ord(c) for c in _FUNCTION]] = False
