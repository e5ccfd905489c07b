"""Checks of pulling: nothing lost, nothing under two keys, at any interruption."""

from datetime import timedelta

from minsheng_sdk.records import Page, RawItem
from minsheng_sdk.testing.bench import Bench, Pulled, demand
from minsheng_sdk.testing.samples import sample_messages

MOST_ITEMS = 1_000
MOST_CURSOR_BYTES = 64 * 1024


def every_arrival_comes_once(bench: Bench) -> str:
    """A pull from the beginning brings each arrival under one key of its own."""
    with bench.source() as source:
        source.put(sample_messages(bench.many))
        pulled = source.pull_well()
        used = source.loopback.requests
    demand(len(pulled.keys) == bench.many, f"{len(pulled.keys)} keys for {bench.many} arrivals")
    demand(len(pulled.items) == bench.many, f"{len(pulled.items)} items for {bench.many} arrivals")
    demand(used > 0, "the loopback server counted no request")
    return f"{bench.many} arrivals in {len(pulled.pages)} pages and {used} requests"


def pages_fit_the_contract(bench: Bench) -> str:
    """Pages, items and cursors are of the promised types and sizes."""
    with bench.source() as source:
        source.put(sample_messages(max(bench.many, MOST_ITEMS + 1)))
        pages = source.pull_well().pages
    for page in pages:
        _fits(page)
    longest = max((len(page.cursor.encode()) for page in pages), default=0)
    largest = max((len(page.items) for page in pages), default=0)
    demand(bool(pages), "the pull brought no page")
    return f"{len(pages)} pages of up to {largest} items, longest cursor {longest} bytes"


def _fits(page: Page) -> None:
    demand(isinstance(page, Page), f"a page is a {type(page).__name__}")
    demand(len(page.items) <= MOST_ITEMS, f"{len(page.items)} items, {MOST_ITEMS} is the most")
    demand(isinstance(page.cursor, str), f"a cursor is a {type(page.cursor).__name__}")
    demand(len(page.cursor.encode()) <= MOST_CURSOR_BYTES, "a cursor is over 64 KiB")
    for item in page.items:
        demand(isinstance(item, RawItem), f"an item is a {type(item).__name__}")
        demand(bool(item.source_key.strip()), "a source_key is empty")
        demand(isinstance(item.raw, bytes), f"raw is {type(item.raw).__name__}, not bytes")


def replay_brings_nothing_new(bench: Bench) -> str:
    """Pulling again, from the last cursor or from the beginning, brings no new key."""
    with bench.source() as source:
        source.put(sample_messages(20))
        first = source.pull_well()
        again = source.pull_well(first.cursor)
        whole = source.pull_well()
    fresh = again.keys - first.keys
    demand(not fresh, f"the second pull brought {len(fresh)} new keys for known arrivals")
    demand(whole.keys == first.keys, "a pull from the beginning brought other keys than before")
    demand(len(first.keys) == 20, f"{len(first.keys)} keys for 20 arrivals")
    return f"{len(again.items)} repeats from the last cursor, {len(whole.items)} from the beginning"


def same_second_arrivals_are_seen(bench: Bench) -> str:
    """Arrivals of one second that come between two pulls are all seen."""
    still = timedelta(0)
    sizes = {"b": 5, "c": 3, "d": 1}
    batches = [sample_messages(size, tag, step=still) for tag, size in sizes.items()]
    seen: set[str] = set()
    cursor = ""
    with bench.source() as source:
        for number, batch in enumerate(batches):
            source.put(batch)
            pulled = source.pull_well(cursor)
            seen, cursor = seen | pulled.keys, pulled.cursor
            arrived = sum(len(each) for each in batches[: number + 1])
            demand(len(seen) == arrived, f"{len(seen)} of {arrived} arrivals of one second seen")
    return "9 arrivals of one second over 3 pulls, 9 seen"


def abandoned_page_comes_again(bench: Bench) -> str:
    """A page that was received and not committed comes again, whole."""
    with bench.source() as source:
        source.put(sample_messages(bench.many))
        pages = len(source.pull_well().pages)
    places = sorted({0, 1, pages - 1} & set(range(pages)))
    for place in places:
        _abandon(bench, place)
    demand(bool(places), "the pull brought no page to abandon")
    return f"abandoned at page {', '.join(str(place + 1) for place in places)} of {pages}"


def _abandon(bench: Bench, place: int) -> None:
    with bench.source() as source:
        source.put(sample_messages(bench.many))
        broken = source.pull(abandon_at=place)
        rest = source.pull_well(broken.cursor)
        late = sample_messages(1, "late", first=sample_messages(bench.many)[-1].received_at)
        source.put(late)
        last = source.pull_well(rest.cursor)
    seen = broken.keys | rest.keys | last.keys
    demand(
        len(seen) == bench.many + 1,
        f"{len(seen)} of {bench.many + 1} seen after page {place + 1} was abandoned",
    )


def empty_source_keeps_the_cursor(bench: Bench) -> str:
    """An empty pull, at the beginning or later, leaves a cursor from which nothing is lost."""
    with bench.source() as source:
        first = _empty(source.pull_well(), "an empty source")
        source.put(sample_messages(4, "b"))
        second = source.pull_well(first.cursor)
        demand(len(second.keys) == 4, f"{len(second.keys)} of 4 seen after an empty pull")
        third = source.pull_well(second.cursor)
        late = sample_messages(2, "c", first=sample_messages(4)[-1].received_at)
        source.put(late)
        fourth = source.pull_well(third.cursor)
    seen = second.keys | third.keys | fourth.keys
    demand(len(seen) == 6, f"{len(seen)} of 6 seen after a second empty pull")
    return "two empty pulls, 6 of 6 arrivals seen"


def _empty(pulled: Pulled, what: str) -> Pulled:
    demand(not pulled.items, f"{what} brought {len(pulled.items)} items")
    return pulled
