"""Checks of parsing: the same words every time, and no surprise from bad bytes."""

import random
from collections.abc import Iterator

from minsheng_sdk.errors import MessageUnreadable
from minsheng_sdk.records import ParsedMessage, RawItem, SampleMessage
from minsheng_sdk.testing.bench import Bench, demand, squeezed
from minsheng_sdk.testing.samples import sample_messages

# Fixed, so that two runs of the kit put the same bytes.
SEED = 20240927
COUNT = 16


def parse_is_deterministic(bench: Bench) -> str:
    """Parsing twice, in another order, gives equal messages."""
    with bench.source() as source:
        source.put(sample_messages(COUNT))
        items = source.pull_well().items
        first = [source.parse(item) for item in items]
        second = [source.parse(item) for item in reversed(items)][::-1]
    different = sum(one != other for one, other in zip(first, second, strict=True))
    demand(len(items) == COUNT, f"{len(items)} items for {COUNT} arrivals")
    demand(different == 0, f"{different} of {COUNT} messages differ the second time")
    return f"{COUNT} messages parsed twice"


def parse_gives_back_what_was_put(bench: Bench) -> str:
    """Subject and body hold the words of the arrival; ids are there and differ."""
    pairs = _pairs(bench)
    for sample, message in pairs:
        where = sample.sample_id
        demand(squeezed(sample.body) in squeezed(message.body), f"{where}: the body lost words")
        demand(bool(message.external_id), f"{where}: no external_id")
    different = len({message.external_id for _, message in pairs})
    demand(different == COUNT, f"{different} external ids for {COUNT} messages")
    return f"{COUNT} subjects and bodies found again"


def parse_times_are_exact(bench: Bench) -> str:
    """``received_at`` is aware and the arrival's own, to the second."""
    for sample, message in _pairs(bench):
        demand(message.received_at.utcoffset() is not None, f"{sample.sample_id}: a naive time")
        given, got = sample.received_at.timestamp(), message.received_at.timestamp()
        demand(int(given) == int(got), f"{sample.sample_id}: {got - given:+.0f} s off")
    return f"{COUNT} times equal to the second"


def _pairs(bench: Bench) -> list[tuple[SampleMessage, ParsedMessage]]:
    samples = sample_messages(COUNT)
    with bench.source() as source:
        source.put(samples)
        messages = [source.parse(item) for item in source.pull_well().items]
    return [(sample, _found(sample, messages)) for sample in samples]


def _found(sample: SampleMessage, messages: list[ParsedMessage]) -> ParsedMessage:
    wanted = squeezed(sample.subject)
    found = [message for message in messages if wanted in squeezed(message.subject)]
    demand(len(found) == 1, f"{sample.sample_id}: {len(found)} messages bear its subject")
    return found[0]


def parse_needs_no_source(bench: Bench) -> str:
    """Parsing gives the same when the source is gone."""
    with bench.source() as source:
        source.put(sample_messages(3))
        items = source.pull_well().items
        demand(len(items) == 3, f"{len(items)} items for 3 arrivals")
        before = [source.parse(item) for item in items]
        asked = source.requests_of(lambda: [source.parse(item) for item in items])
        source.loopback.stop()
        after = [source.parse(item) for item in items]
    demand(asked == 0, f"parsing 3 items made {asked} requests")
    demand(before == after, "parsing gives something else without the source")
    return "3 messages parsed without the source"


def garbage_is_unreadable(bench: Bench) -> str:
    """Broken bytes give a message or MessageUnreadable, and nothing else."""
    read = unreadable = 0
    with bench.source() as source:
        source.put(sample_messages(2))
        honest = source.pull_well().items
        demand(bool(honest), "the pull brought nothing to break")
        for raw in _broken(honest[0].raw):
            try:
                message = source.parse(RawItem(honest[0].source_key, raw, honest[0].epoch))
            except MessageUnreadable:
                unreadable += 1
                continue
            read += 1
            demand(isinstance(message, ParsedMessage), f"garbage gave {type(message).__name__}")
            demand(message.received_at.utcoffset() is not None, "garbage gave a naive time")
    return f"{read + unreadable} broken items (seed {SEED}): {read} read, {unreadable} unreadable"


def _broken(raw: bytes) -> Iterator[bytes]:
    dice = random.Random(SEED)  # noqa: S311 - reproducible on purpose
    yield from (b"", b"\0", b"\xff\xfe\xfd", b"null", b"[]", b"{}", b"[" * 5_000, b"\r\n" * 500)
    yield from (b"{" + b'"a":{' * 3_000, b": \r\n\r\n", b"<a>" * 5_000, dice.randbytes(4_096))
    for part in range(1, 8):
        yield raw[: len(raw) * part // 8]
    # Half of them stay text, so that the breakage is not always found by decoding alone.
    for most in (128, 256) * 20:
        changed = bytearray(raw)
        for _ in range(dice.randint(1, 20)):
            changed[dice.randrange(len(changed))] = dice.randrange(32, most)
        yield bytes(changed)
