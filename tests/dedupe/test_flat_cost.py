"""The work of one message does not grow with the store."""

from collections.abc import Callable, Collection

from minsheng_dedupe import Matcher, MatcherConfig, MemoryStore, Record
from minsheng_dedupe.features import Features
from minsheng_dedupe.stores import Postings

Letter = Callable[..., Record]


class CountingStore(MemoryStore):
    """Counts what one call brings back."""

    def __init__(self) -> None:
        super().__init__()
        self.pointed = self.loaded = 0

    def postings(self, codes: Collection[int]) -> Postings:
        found = super().postings(codes)
        self.pointed = sum(map(len, found.values()))
        return found

    def load(self, message_ids: Collection[str]) -> dict[str, Features]:
        self.loaded = len(message_ids)
        return super().load(message_ids)


def test_a_campaign_of_one_text_costs_no_more_than_the_caps(letter: Letter) -> None:
    config, store = MatcherConfig(), CountingStore()
    matcher = Matcher(config, store)
    costs = []
    for i in range(200):
        who = f"c{i}".encode()
        copy = letter(message_id=f"m{i}", phone_ix=who, name_ix=who)
        matcher.match(copy)
        costs.append((store.pointed, store.loaded))
        matcher.add(copy)
    assert costs[1][0] > 0
    assert max(loaded for _, loaded in costs) <= config.candidates
    assert costs[-1] == costs[100]


def test_a_telephone_shared_by_hundreds_costs_no_more_than_the_caps(letter: Letter) -> None:
    config, store = MatcherConfig(), CountingStore()
    matcher = Matcher(config, store)
    for i in range(300):
        matcher.add(letter(message_id=f"m{i}", subject=f"事项{i}", body=chr(0x4E00 + i) * 30))
    matcher.match(letter(message_id="x"))
    assert store.pointed <= 2 * config.postings_cap
    assert 0 < store.loaded <= config.candidates
