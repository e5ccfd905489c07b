"""List orders by update time so that none is left out and a break costs nothing.

The walk asks for "updated from second S on" and always reads the first page; then S becomes the
last row's second and the question is put again. Page numbers would skip rows here: an order that
is updated meanwhile leaves its place and all rows behind it move up.

Only when a whole page falls into one second are page numbers used, within that second alone (both
ends of the question are S). A row can then leave the second but none can come in, so a changed
``total`` says that rows moved up, and the second is read again from its first page. A source that
gives no total cannot warn: there, an order hidden by such a move stays hidden until its next
update.

A source may commit an order late, under a second that was read already. So every walk begins
``overlap_seconds`` before the highest second seen, until that much time has passed and one more
walk has found nothing; then it begins after that second. Only elapsed time of our own clock is
used, never a comparison of two clocks. A walk that broke off goes on where it stood, however long
ago that was; so if it stood near the present, the next walk begins ``overlap_seconds`` before that
place.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from minsheng_hotline_12345.client import HotlineClient, Listing
from minsheng_hotline_12345.mapping import to_item, updated_at
from minsheng_hotline_12345.settings import HotlineSettings
from minsheng_hotline_12345.times import BEIJING, FIRST_SECOND, read_time, shifted, to_second
from minsheng_sdk import Page, ProtocolBroken, RawItem, SourceUnavailable

_MOST_RESTARTS = 20
"""A second that keeps changing this often in one run is left to the next run."""
_CLOCK_DIFFERENCE = 3600
"""Seconds by which the source's clock may lag behind ours when we ask what is near the present."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk stands; the cursor is its JSON.

    ``at`` is the second asked from; ``page`` is 0 outside a crowded second, else the page asked
    next in it, of ``total`` rows with ``read`` rows behind us. ``high`` is the highest second seen
    and ``reached`` our clock (seconds) when it was; ``settled`` says that ``high`` needs no second
    look; ``began`` is our clock at the start of the walk and ``stood`` at this place; ``again`` is
    the second from which the next walk must begin at the latest; ``done`` says the walk has ended.
    """

    at: str
    high: str
    page: int = 0
    total: int | None = None
    read: int = 0
    reached: float = 0.0
    settled: bool = False
    began: float = 0.0
    stood: float = 0.0
    again: str = ""
    done: bool = True

    def cursor(self) -> str:
        """Write the place as the cursor's text."""
        return json.dumps(asdict(self), separators=(",", ":"))


def walk(
    client: HotlineClient, settings: HotlineSettings, cursor: str, clock: Callable[[], float]
) -> Iterator[Page]:
    """Yield the orders from the cursor on, in order of update; ``clock`` gives seconds."""
    place = _opening(settings, _read_cursor(settings, cursor), clock())
    stored = cursor
    last_page: frozenset[RawItem] = frozenset()
    restarts = 0
    while not place.done:
        until = place.at if place.page else ""
        listing = client.orders(place.at, until, max(place.page, 1))
        following = _following(place, listing, settings, clock())
        restarts += following.page == 1 and place.page > 0
        if restarts > _MOST_RESTARTS:
            message = f"the orders of {place.at} keep changing; try again later"
            raise SourceUnavailable(message)
        items = tuple(to_item(row, settings.fields) for row in listing.rows)
        fresh = tuple(item for item in dict.fromkeys(items) if item not in last_page)
        if items and not fresh and place.page > 1 and following.page != 1:
            message = f"the list of {place.at} does not move on; check page numbers at the source"
            raise ProtocolBroken(message)
        if fresh or stored not in ("", following.cursor()):
            stored = following.cursor()
            yield Page(fresh, stored)
        place, last_page = following, frozenset(items)


def _opening(settings: HotlineSettings, ended: Place, now: float) -> Place:
    """Begin a new walk where the last one ended, or go on with one that broke off."""
    if not ended.done:
        return _resumed(settings, ended)
    if ended.settled:
        start = shifted(ended.high, 1)
    else:
        start = shifted(ended.high, -settings.overlap_seconds)
    return Place(
        at=max(min(start, ended.again or start), settings.since),
        high=ended.high,
        reached=ended.reached,
        settled=ended.settled,
        began=now,
        stood=now,
        done=False,
    )


def _resumed(settings: HotlineSettings, broken: Place) -> Place:
    """Go on where a walk broke off, and note from where its recent part must be read again."""
    overlap = settings.overlap_seconds
    present = datetime.fromtimestamp(broken.stood - overlap - _CLOCK_DIFFERENCE, BEIJING)
    if broken.at < to_second(present):
        return broken
    again = shifted(broken.at, -overlap)
    return replace(broken, again=min(again, broken.again or again))


def _following(place: Place, listing: Listing, settings: HotlineSettings, now: float) -> Place:
    """Return the place after a page."""
    seconds = _seconds(place, listing, settings)
    place = replace(place, stood=now)
    last = seconds[-1] if seconds else place.at
    if seconds and last > place.high:
        place = replace(place, high=last, reached=now, settled=False)
    if place.page:
        return _within_second(place, listing)
    whole = len(listing.rows) >= listing.total if listing.total is not None else not listing.rows
    if whole or not listing.rows:
        return _ended(place, settings)
    if last > place.at:
        return replace(place, at=last)
    return replace(place, page=1, total=None, read=0)


def _within_second(place: Place, listing: Listing) -> Place:
    """Go on inside a crowded second, begin it again when its rows moved, or leave it."""
    moved = place.page > 1 and listing.total != place.total
    if moved:
        return replace(place, page=1, total=None, read=0)
    read = place.read + len(listing.rows)
    whole = listing.total is not None and read >= listing.total
    if whole or not listing.rows:
        return replace(place, at=shifted(place.at, 1), page=0, total=None, read=0)
    return replace(place, page=place.page + 1, total=listing.total, read=read)


def _ended(place: Place, settings: HotlineSettings) -> Place:
    """End the walk; the highest second is settled once it was read again late enough."""
    late_enough = place.began - place.reached >= settings.overlap_seconds
    return Place(
        at=place.high,
        high=place.high,
        reached=place.reached,
        settled=place.settled or late_enough,
        again=place.again,
        done=True,
    )


def _seconds(place: Place, listing: Listing, settings: HotlineSettings) -> Sequence[str]:
    """Return the rows' update seconds; ProtocolBroken when they are not what was asked for."""
    moments = [updated_at(row, settings.fields) for row in listing.rows]
    seconds = [to_second(moment) for moment in moments if moment is not None]
    name = settings.fields["updated_at"]
    if listing.rows and not seconds:
        message = f"no row has a time in {name!r}; map 'updated_at' to the city's update time"
        raise ProtocolBroken(message)
    if seconds != sorted(seconds) or (seconds and seconds[0] < place.at):
        message = f"the rows are not in order of {name!r} from {place.at} on; check the mapping"
        raise ProtocolBroken(message)
    return seconds


def _read_cursor(settings: HotlineSettings, cursor: str) -> Place:
    """Read our own cursor; one we cannot read means from the beginning, which loses nothing."""
    beginning = Place(at=settings.since, high=FIRST_SECOND)
    try:
        place = Place(**json.loads(cursor)) if cursor else beginning
        read_time(place.at), read_time(place.high)
    except (ValueError, TypeError, AttributeError):
        return beginning
    return place
