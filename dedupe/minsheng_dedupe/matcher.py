"""The matcher: prepares, finds, compares, answers."""

from collections.abc import Sequence

from .candidates import Chooser
from .decide import Judge
from .features import Features, Prepared, prepare
from .levels import VERSION
from .pairs import Compared, Comparer
from .records import Match, MatcherConfig, Record
from .stores import Entry, Store
from .weights import Model, learnt_models

_BATCH = 200


class Matcher:
    """Answers "is it the same matter?" for the records of one store.

    Not for two threads at once. `version` names the levels, the preparation and the codes; store
    it with every decision. Records stored under another version are not found: add them again.
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
        self._store = store
        self._judge = Judge(*(models or learnt_models()), self._config)
        self._last: tuple[Record, Prepared] | None = None
        self._chooser = Chooser(self._config.postings_cap, self._config.candidates)
        self._comparer = Comparer()

    def add(self, record: Record) -> None:
        """Store one record; one that is stored already is left as it is."""
        prepared = self._prepare(record)
        if not self._store.known([record.message_id]):
            postings = self._store.postings(prepared.indexed)
            self._store.save([self._entry(prepared, postings)])

    def match(self, record: Record) -> list[Match]:
        """The stored messages nearest to `record`, best first, never itself.

        At most `MatcherConfig.results`; those decided `different` are among them, at the end.
        """
        prepared = self._prepare(record)
        chosen = self._choose(prepared, self._store.postings(prepared.certain + prepared.grams))
        return self._answer(prepared, self._store.load(chosen), chosen)

    def arrive(self, records: Sequence[Record]) -> list[list[Match]]:
        """Exactly `match` then `add` for one record after another, in few calls to the store."""
        return [
            answer
            for start in range(0, len(records), _BATCH)
            for answer in self._arrive([*records[start : start + _BATCH]])
        ]

    def forget(self, message_ids: Sequence[str]) -> None:
        """Remove records (lawful erasure, or to add them again under a new version)."""
        self._store.remove(message_ids)

    def _arrive(self, records: list[Record]) -> list[list[Match]]:
        batch = [prepare(r, self.version) for r in records]
        known = self._store.known({r.message_id for r in records})
        postings = self._store.postings({c for p in batch for c in p.certain + p.grams})
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

    def _choose(self, prepared: Prepared, postings: dict[int, list[str]]) -> list[str]:
        itself = prepared.features.message_id
        return self._chooser.choose(prepared.certain, prepared.grams, postings, itself)

    def _entry(self, prepared: Prepared, postings: dict[int, list[str]]) -> Entry:
        """The entry to store; `postings` is brought up to date with it. A full code takes no
        more messages: what 24 messages share tells them apart from nothing."""
        message_id = prepared.features.message_id
        open_codes = tuple(
            c for c in prepared.indexed if len(postings.get(c, ())) < self._config.postings_cap
        )
        for code in open_codes:
            postings.setdefault(code, []).append(message_id)
        return prepared.features, open_codes

    def compare(self, record: Record) -> Compared | None:
        """`record` beside the stored messages that `match` would weigh: what training reads."""
        prepared = self._prepare(record)
        chosen = self._choose(prepared, self._store.postings(prepared.certain + prepared.grams))
        return self._beside(prepared, self._store.load(chosen), chosen)

    def _prepare(self, record: Record) -> Prepared:
        """Prepared once for the match and the add that follows it."""
        if self._last is None or self._last[0] != record:
            self._last = record, prepare(record, self.version)
        return self._last[1]

    def _beside(
        self, later: Prepared, features: dict[str, Features], chosen: list[str]
    ) -> Compared | None:
        earlier = [features[i] for i in chosen if i in features]
        if not earlier:
            return None
        return self._comparer.compare(later.features, earlier, later.wording)

    def _answer(
        self, later: Prepared, features: dict[str, Features], chosen: list[str]
    ) -> list[Match]:
        pairs = self._beside(later, features, chosen)
        return self._judge.answers(pairs) if pairs else []
