"""The matcher: prepares, finds, compares, answers."""

from collections.abc import Sequence

from .candidates import Chooser
from .decide import Judge
from .features import Features, Prepared, prepare
from .levels import VERSION
from .normalise import RAW_LIMIT
from .pairs import Comparer, Pair
from .records import Caps, Match, MatcherConfig, Record
from .stores import Entry, Postings, Store
from .weights import Model, learnt_models

_BATCH = 200


class Matcher:
    """Answers "is it the same matter?" for the records of one store.

    Not for two threads at once. `version` names the levels, the preparation and the codes; store
    it with every decision. Records stored under another version are not found: add them again.
    `caps` counts what was looked at and what the bounds of `MatcherConfig` left out; `cut` names
    the messages of the last `match` or `arrive` of which something worth comparing was left out.
    """

    version: str = VERSION

    def __init__(
        self,
        config: MatcherConfig | None,
        store: Store,
        models: tuple[Model, Model] | None = None,
    ) -> None:
        """`models`, for the case and for the link, replace those that ship (see `weights`)."""
        self._config = config or MatcherConfig()
        self.caps = Caps()
        self.cut: set[str] = set()
        self._store = store
        self._judge = Judge(*(models or learnt_models()), self._config)
        self._last: tuple[Record, Prepared] | None = None
        self._found: Postings | None = None
        self._chooser = Chooser(self._config.postings_cap, self._config.candidates, self.caps)
        self._comparer = Comparer()

    def add(self, record: Record) -> None:
        """Store one record; one that is stored already is left as it is."""
        prepared = self._prepare(record)
        self._store.save([self._entry(prepared, self._indexed(prepared))])
        self._found = None

    def match(self, record: Record) -> list[Match]:
        """The stored messages nearest to `record`, best first, never itself.

        At most `MatcherConfig.results`; those decided `different` are among them, at the end.
        """
        self.cut = set()
        prepared = self._prepare(record)
        # The codes that an `add` will want are asked with those of the match: one call less.
        asked = {*prepared.certain, *prepared.grams, *prepared.indexed}
        self._found = self._store.postings(asked)
        chosen = self._choose(prepared, self._found)
        return self._answer(prepared, self._store.load(chosen), chosen)

    def arrive(self, records: Sequence[Record]) -> list[list[Match]]:
        """Exactly `match` then `add` for one record after another, in few calls to the store."""
        self.cut = set()
        return [
            answer
            for start in range(0, len(records), _BATCH)
            for answer in self._arrive([*records[start : start + _BATCH]])
        ]

    def forget(self, message_ids: Sequence[str]) -> None:
        """Remove records (lawful erasure, or to add them again under a new version)."""
        self._found = None
        self._store.remove(message_ids)

    def _arrive(self, records: list[Record]) -> list[list[Match]]:
        self._found = None
        batch = [self._read(r) for r in records]
        known = self._store.known({r.message_id for r in records})
        asked = {c for p in batch for c in (*p.certain, *p.grams, *p.indexed)}
        postings = dict(self._store.postings(asked))
        fresh: dict[str, Features] = {}
        entries: list[Entry] = []
        chosen = []
        for prepared in batch:
            chosen.append(self._choose(prepared, postings))
            message_id = prepared.features.message_id
            if message_id not in known and message_id not in fresh:
                entries.append(self._entry(prepared, postings))
                fresh[message_id] = prepared.features
        features = self._store.load({i for c in chosen for i in c} - fresh.keys()) | fresh
        self._store.save(entries)
        return [self._answer(p, features, c) for p, c in zip(batch, chosen, strict=True)]

    def _choose(self, prepared: Prepared, postings: Postings) -> list[str]:
        itself = prepared.features.message_id
        before = self.caps.left_out
        chosen = self._chooser.choose(prepared.certain, prepared.grams, postings, itself)
        if self.caps.left_out > before:
            self.cut.add(itself)
        return chosen

    def _entry(self, prepared: Prepared, postings: dict[int, Sequence[str]]) -> Entry:
        """The entry to store; `postings` is brought up to date with it. A full code takes no
        more messages: what 24 messages share tells them apart from nothing."""
        message_id, cap = prepared.features.message_id, self._config.postings_cap
        open_codes = tuple(c for c in prepared.indexed if len(postings.get(c, ())) < cap)
        self.caps.unwritten += len(prepared.indexed) - len(open_codes)
        for code in open_codes:
            postings[code] = (*postings.get(code, ()), message_id)
        return prepared.features, open_codes

    def compare(self, record: Record) -> list[Pair]:
        """`record` beside the stored messages that `match` would weigh: what training reads."""
        prepared = self._prepare(record)
        chosen = self._choose(prepared, self._store.postings(prepared.certain + prepared.grams))
        return self._beside(prepared, self._store.load(chosen), chosen)

    def _prepare(self, record: Record) -> Prepared:
        """Prepared once for the match and the add that follows it."""
        if self._last is None or self._last[0] != record:
            self._last, self._found = (record, self._read(record)), None
        return self._last[1]

    def _read(self, record: Record) -> Prepared:
        texts = (record.subject, record.body)
        self.caps.unread += sum(max(0, len(text) - RAW_LIMIT) for text in texts)
        return prepare(record, self.version)

    def _indexed(self, prepared: Prepared) -> dict[int, Sequence[str]]:
        """The postings of the codes to be found by. What the match of this very record brought
        is not asked again: a code may then take a few messages more than its cap, where another
        transaction stored them meanwhile."""
        if self._found is not None:
            return {**self._found}
        return {**self._store.postings(prepared.indexed)}

    def _beside(
        self, later: Prepared, features: dict[str, Features], chosen: list[str]
    ) -> list[Pair]:
        earlier = [features[i] for i in chosen if i in features]
        return self._comparer.compare(later.features, earlier, later.wording)

    def _answer(
        self, later: Prepared, features: dict[str, Features], chosen: list[str]
    ) -> list[Match]:
        return self._judge.answers(self._beside(later, features, chosen))
