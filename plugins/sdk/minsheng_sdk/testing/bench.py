"""The bench on which a check puts a plugin: a loopback server and the service's half."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import pluggy

from minsheng_sdk import spec
from minsheng_sdk.errors import ChannelError
from minsheng_sdk.loopback import Fault, Loopback
from minsheng_sdk.records import (
    ChannelInfo,
    Page,
    ParsedMessage,
    RawItem,
    SampleMessage,
    SettingField,
    Settings,
)
from minsheng_sdk.settings import validate_settings

# Far above what any check puts, so that only a pull without end reaches it.
MOST_PAGES = 10_000

# A fault is tried at every request of a pull, up to this many.
MOST_POSITIONS = 12


class ConformanceFailure(AssertionError):
    """The plugin breaks a promise; the text says which and how."""


class NotApplicable(Exception):
    """The plugin does not offer what this check looks at."""


def demand(condition: bool, message: str) -> None:
    """Raise ConformanceFailure with ``message`` unless ``condition`` holds."""
    if not condition:
        raise ConformanceFailure(message)


@dataclass(slots=True)
class Pulled:
    """What the service holds after a pull: committed items and cursor, and how the pull ended."""

    cursor: str
    items: list[RawItem] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    error: ChannelError | None = None

    @property
    def keys(self) -> set[str]:
        """The source keys of the committed items."""
        return {item.source_key for item in self.items}


class Source:
    """One running loopback server and the plugin pointed at it."""

    def __init__(self, bench: "Bench", loopback: Loopback) -> None:
        self.bench = bench
        self.hook = bench.hook
        self.loopback = loopback
        self.settings: Settings = validate_settings(bench.schema, loopback.settings)

    def put(self, messages: Iterable[SampleMessage]) -> None:
        """Let messages arrive."""
        self.loopback.put(tuple(messages))

    def pull(self, cursor: str = "", abandon_at: int | None = None) -> Pulled:
        """Pull as the service does, committing each page with its cursor.

        With ``abandon_at`` the generator is closed after that many committed pages, when one more
        was received and not committed: a crash in the middle of a page.
        """
        pulled = Pulled(cursor)
        pages = self.hook.minsheng_pull(settings=self.settings, cursor=cursor)
        try:
            for page in pages:
                if len(pulled.pages) == abandon_at:
                    break
                demand(len(pulled.pages) < MOST_PAGES, f"the pull has over {MOST_PAGES} pages")
                pulled.pages.append(page)
                pulled.items.extend(page.items)
                pulled.cursor = page.cursor
        except ChannelError as error:
            pulled.error = error
        finally:
            close = getattr(pages, "close", None)
            if close is not None:
                close()
        return pulled

    def pull_well(self, cursor: str = "") -> Pulled:
        """Pull from a source that works; raises ConformanceFailure when the pull fails."""
        pulled = self.pull(cursor)
        demand(pulled.error is None, f"a pull without any fault raised {pulled.error!r}")
        return pulled

    def parse(self, item: RawItem) -> ParsedMessage:
        """Parse one item."""
        message: ParsedMessage = self.hook.minsheng_parse(settings=self.settings, item=item)
        return message

    def requests_of(self, work: Callable[[], object]) -> int:
        """Count the requests that ``work`` makes of the server."""
        before = self.loopback.requests
        work()
        return self.loopback.requests - before

    def fail_next(self, fault: Fault, after: int = 0) -> None:
        """Let the server misbehave once."""
        self.loopback.fail_next(fault, after)


class Bench:
    """A plugin under test; ``many`` is how many messages a check of several pages puts."""

    def __init__(
        self, plugin: object, make_loopback: Callable[[], Loopback] | None = None, many: int = 120
    ) -> None:
        manager = pluggy.PluginManager(spec.PROJECT)
        manager.add_hookspecs(spec)
        manager.register(plugin)
        manager.check_pending()
        self.hook = manager.hook
        self.many = many
        self._make_loopback = make_loopback or manager.hook.minsheng_loopback

    @cached_property
    def info(self) -> ChannelInfo:
        """What the plugin says it is."""
        info: ChannelInfo = self.hook.minsheng_channel_info()
        return info

    @cached_property
    def schema(self) -> tuple[SettingField, ...]:
        """The settings the plugin asks for."""
        schema: tuple[SettingField, ...] = self.hook.minsheng_settings_schema()
        return schema

    @contextmanager
    def source(self) -> Iterator[Source]:
        """Start a fresh loopback server for the length of the block."""
        loopback = self._make_loopback()
        loopback.start()
        try:
            yield Source(self, loopback)
        finally:
            loopback.stop()


def squeezed(text: str) -> str:
    """Return the text without white space: wrapping and indenting are the channel's own."""
    return "".join(text.split())
