"""List letters newest first so that none is lost and a break costs little.

A walk goes from the newest letter down to the floor. Below and at the floor all was taken in by
earlier walks; above it, ``known`` names the letters that were. The window between is the last
``look_back`` letters: a letter is shown only after a check that may take a day while newer ones
pass it by, so it can appear below others that are known. One that appears below the whole window
is missed; the setting says how deep the window is.

After each page the cursor holds where the walk stands. A walk that broke off is finished first,
with the floor it began with, and then a new one takes what arrived meanwhile. Letters that arrive
during a walk stand above it, for the next one.

Rows may be out of order inside a page. So the next page is asked from the last row, as the board's
own page does, and the walk ends only at a page that lies wholly at or below the floor.
"""

import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from minsheng_leaders_board.client import BoardClient
from minsheng_leaders_board.letters import tid_of, to_item
from minsheng_leaders_board.settings import BoardSettings
from minsheng_sdk import ChannelError, Page, ProtocolBroken, RawItem


@dataclass(frozen=True, slots=True)
class Place:
    """Where the walks stand; the cursor is its JSON.

    ``floor`` and ``known`` are what finished walks left. In an unfinished walk (``walking``)
    ``last`` is the tid asked from, ``top`` the highest tids passed (as many as the window holds)
    and ``part`` letters that the next page may list again: those of the page before that stand
    below its last row, and those of the page itself that were yielded before a request failed.
    """

    floor: int = 0
    known: tuple[int, ...] = ()
    walking: bool = False
    last: str = ""
    top: tuple[int, ...] = ()
    part: tuple[int, ...] = ()

    def cursor(self) -> str:
        """Write the place as the cursor's text."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def is_new(self, tid: int | None) -> bool:
        """Say whether a listed letter is still to be taken in; one without tid always is."""
        if tid is None:
            return True
        return tid > self.floor and not any(
            tid in seen for seen in (self.known, self.top, self.part)
        )


def walk(client: BoardClient, settings: BoardSettings, cursor: str) -> Iterator[Page]:
    """Yield the letters above the floor, newest page first, each page oldest letter first."""
    place = _read_cursor(cursor)
    if place.walking:
        place = yield from _descend(client, settings, place, cursor)
        cursor = place.cursor()
    yield from _descend(client, settings, replace(place, walking=True), cursor)


def _descend(
    client: BoardClient, settings: BoardSettings, place: Place, stored: str
) -> Generator[Page, None, Place]:
    """Walk down to the floor; the generator's value is the place after the walk."""
    asked: set[str] = set()
    while place.walking:
        if place.last in asked:
            message = f"the list does not move on below {place.last}; try again later"
            raise ProtocolBroken(message)
        asked.add(place.last)
        rows = client.threads(place.last)
        items, error = _collect(client, place, rows)
        if error is not None:
            if items:
                yield Page(items, _partly(place, items).cursor())
            raise error
        place = _following(place, rows, settings.look_back)
        if items or (not place.walking and stored not in ("", place.cursor())):
            stored = place.cursor()
            yield Page(items, stored)
    return place


def _collect(
    client: BoardClient, place: Place, rows: Sequence[object]
) -> tuple[tuple[RawItem, ...], ChannelError | None]:
    """Fetch the details of a page's new letters, oldest first, up to the first failure.

    What was fetched before a failure is not thrown away: a board that turns quick callers away
    would otherwise never let a page through.
    """
    new = {to_item(row, None).source_key: row for row in rows if place.is_new(tid_of(row))}
    items: list[RawItem] = []
    for row in sorted(new.values(), key=lambda row: tid_of(row) or 0):
        tid = tid_of(row)
        try:
            items.append(to_item(row, None if tid is None else client.content(tid)))
        except ChannelError as error:
            return tuple(items), error
    return tuple(items), None


def _partly(place: Place, items: Iterable[RawItem]) -> Place:
    taken = [int(item.source_key) for item in items if item.source_key.isdigit()]
    return replace(place, part=(*place.part, *taken))


def _following(place: Place, rows: Sequence[object], window: int) -> Place:
    """Return the place after a page that was taken in whole."""
    tids = [tid for tid in map(tid_of, rows) if tid is not None]
    if rows and not tids:
        message = "listing letters: no row bears a tid"
        raise ProtocolBroken(message)
    top = _highest([*place.top, *tids], window)
    if all(tid <= place.floor for tid in tids):
        known = _highest([*place.known, *top], window)
        floor = known[-1] if len(known) == window else place.floor
        return Place(floor=floor, known=known)
    again = tuple(tid for tid in tids if tid < tids[-1])
    return replace(place, last=str(tids[-1]), top=top, part=again)


def _highest(tids: Iterable[int], count: int) -> tuple[int, ...]:
    return tuple(sorted(set(tids), reverse=True)[:count])


def _read_cursor(cursor: str) -> Place:
    """Read our own cursor; one we cannot read means from the beginning, which loses nothing."""
    try:
        given = json.loads(cursor) if cursor else {}
        lists = {name: tuple(given[name]) for name in ("known", "top", "part") if name in given}
        return Place(**{**given, **lists})
    except (ValueError, TypeError):
        return Place()
