"""Run the hooks of channel plugins in children, one run at a time and a child, with limits."""

import os
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Self

from minsheng.intake.host.errors import (
    NurseryLost,
    PluginFlooded,
    PluginLied,
    PluginTimedOut,
    RunFailed,
)
from minsheng.intake.host.keeper import Keeper
from minsheng.intake.host.limits import Limits
from minsheng.intake.host.run import OddItem, Run, record
from minsheng.intake.host.sendings import Outlay, Sending
from minsheng.intake.host.wire import to_wire
from minsheng_sdk import (
    CheckReport,
    DeliveryReceipt,
    DeliveryUncertain,
    MessageUnreadable,
    OutgoingReply,
    Page,
    ParsedMessage,
    RawItem,
    Settings,
)
from minsheng_sdk.errors import ChannelError

FailureReason = Literal["unreadable", "crashed", "timed out", "flooded", "lied"]
LONGEST_KEY = 1_024
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """One item that could not be parsed: it belongs in quarantine with its bytes.

    ``detail`` is for the administrator's screen; it holds no word of the message unless the
    plugin put it into a MessageUnreadable.
    """

    source_key: str
    reason: FailureReason
    detail: str


class PluginHost:
    """Calls plugins in child processes; may be shared by threads and survives a fork.

    ``sources`` maps a plugin's name to where it is loaded from (see ``registry.load_source``); a
    name that is not in it is an entry point. ``clock`` gives seconds that only grow. Close it, or
    use it as a context manager; a host that is merely dropped keeps its nurseries until its
    process ends.

    Every verb may raise PluginNotInstalled, PluginRefused or a RunFailed beside what it names.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        sources: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self._sources = dict(sources or {})
        self._clock = clock
        self._lock = threading.Lock()
        self._keepers: dict[str, Keeper] = {}
        self._runs: weakref.WeakSet[Run] = weakref.WeakSet()
        _HOSTS.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every nursery and all their children; the host may be used again afterwards."""
        with self._lock:
            keepers, self._keepers = list(self._keepers.values()), {}
        for keeper in keepers:
            keeper.close()

    def forget(self) -> None:
        """Let go of everything that belongs to the process this one was forked from."""
        self._lock = threading.Lock()
        for run in list(self._runs):
            run.forget()
        for keeper in self._keepers.values():
            keeper.forget()
        self._keepers = {}

    def check(self, plugin: str, settings: Settings) -> CheckReport:
        """Try the settings against the live source; raises the SDK's errors as they were."""
        answer = self._call(plugin, {"do": "check", "settings": to_wire(settings)})
        return record(CheckReport, answer)

    def pull(self, plugin: str, settings: Settings, cursor: str) -> Iterator[Page]:
        """Yield the pages since ``cursor``; the plugin waits until the next one is asked for.

        Commit a page before going on. Closing the generator kills the run at once. Raises the SDK's
        errors as they were.
        """
        limits = self.limits
        with self._run(plugin) as run:
            used = self._clock()
            answer = run.ask(
                {"do": "pull", "settings": to_wire(settings), "cursor": cursor}, limits.page_seconds
            )
            left = limits.pull_seconds - (self._clock() - used)
            while "end" not in answer:
                yield _page(answer, limits)
                if left <= 0:
                    message = f"{plugin}: the pull took over {limits.pull_seconds} s"
                    raise PluginTimedOut(message)
                used = self._clock()
                answer = run.ask({"do": "next"}, min(left, limits.page_seconds))
                left -= self._clock() - used

    def parse(
        self, plugin: str, settings: Settings, items: Sequence[RawItem]
    ) -> Iterator[ParsedMessage | ParseFailure]:
        """Yield one outcome an item, in order.

        An item that crashes, hangs or eats memory costs its own child only: it yields a
        ParseFailure and a new child goes on with the next.
        """
        run: Run | None = None
        try:
            for item in items:
                outcome, run = self._parse_one(plugin, settings, item, run)
                yield outcome
        finally:
            if run is not None:
                run.close()

    def deliver(self, plugin: str, settings: Settings, reply: OutgoingReply) -> DeliveryReceipt:
        """Send one reply; raises the SDK's errors as they were.

        A run that fails after the reply was handed to the plugin has an unknown outcome, whatever
        it failed of: that is DeliveryUncertain, with the RunFailed as its cause.
        """
        run = self._run(plugin)
        request = {"do": "deliver", "settings": to_wire(settings), "reply": to_wire(reply)}
        with run:
            try:
                answer = run.ask(request, self.limits.call_seconds)
                receipt = record(DeliveryReceipt, answer.get("done"))
                if receipt.delivery_key != reply.delivery_key:
                    message = f"{plugin}: the receipt names another delivery"
                    raise PluginLied(message)
            except RunFailed as error:
                message = f"{error}; whether the reply arrived is unknown"
                raise DeliveryUncertain(message) from error
        return receipt

    @contextmanager
    def sending(self, plugin: str, settings: Settings, *, announces: bool) -> Iterator[Sending]:
        """Send many replies by one child, which is forked at the first of them.

        ``announces`` is what the plugin says of itself.
        """
        outlay = Outlay(plugin, settings, announces, self.limits.call_seconds)
        sending = Sending(outlay, lambda: self._run(plugin))
        try:
            yield sending
        finally:
            sending.close()

    def look_up(self, plugin: str, settings: Settings, delivery_key: str) -> DeliveryReceipt | None:
        """Ask the source whether a reply arrived; raises the SDK's errors as they were."""
        request = {"do": "look_up", "settings": to_wire(settings), "key": delivery_key}
        answer = self._call(plugin, request)
        return None if answer is None else record(DeliveryReceipt, answer)

    def _call(self, plugin: str, request: dict[str, object]) -> object:
        with self._run(plugin) as run:
            return run.ask(request, self.limits.call_seconds).get("done")

    def _run(self, plugin: str) -> Run:
        run = Run(plugin, self._keeper(plugin), self.limits, self._clock)
        self._runs.add(run)
        return run

    def _keeper(self, plugin: str) -> Keeper:
        with self._lock:
            if plugin not in self._keepers:
                source = self._sources.get(plugin, f"entry:{plugin}")
                self._keepers[plugin] = Keeper(plugin, source, self.limits)
            return self._keepers[plugin]

    def _parse_one(
        self, plugin: str, settings: Settings, item: RawItem, run: Run | None
    ) -> tuple[ParsedMessage | ParseFailure, Run | None]:
        """Parse one item; an item whose nursery was killed from outside gets a second try."""
        try:
            return self._parsed(plugin, settings, item, run)
        except NurseryLost:
            pass
        try:
            return self._parsed(plugin, settings, item, None)
        except NurseryLost as error:
            return ParseFailure(item.source_key, "crashed", str(error)), None

    def _parsed(
        self, plugin: str, settings: Settings, item: RawItem, run: Run | None
    ) -> tuple[ParsedMessage | ParseFailure, Run | None]:
        run = run or self._parse_run(plugin, settings)
        try:
            answer = run.ask({"item": to_wire(item)}, self.limits.item_seconds)
            return record(ParsedMessage, answer.get("done")), run
        except ChannelError as error:
            return _unreadable(item, error), run
        except OddItem as error:
            return ParseFailure(item.source_key, "crashed", str(error)), run
        except NurseryLost:
            run.close()
            raise
        except RunFailed as error:
            run.close()
            return ParseFailure(item.source_key, _reason(error), str(error)), None

    def _parse_run(self, plugin: str, settings: Settings) -> Run:
        run = self._run(plugin)
        try:
            run.ask({"do": "parse", "settings": to_wire(settings)}, self.limits.call_seconds)
        except BaseException:
            run.close()
            raise
        return run


def _page(answer: dict[str, object], limits: Limits) -> Page:
    page = record(Page, answer.get("page"))
    if len(page.items) > limits.page_items:
        message = f"a page of {len(page.items)} items is over {limits.page_items}"
        raise PluginFlooded(message)
    if len(page.cursor.encode("utf-8", "surrogatepass")) > limits.cursor_bytes:
        message = f"a cursor of over {limits.cursor_bytes} bytes"
        raise PluginFlooded(message)
    if not all(0 < len(item.source_key) <= LONGEST_KEY for item in page.items):
        message = f"a source_key is empty or over {LONGEST_KEY} characters"
        raise PluginLied(message)
    if not page.cursor.isascii() and _HALF_CHARACTER.search(page.cursor):
        message = "a cursor holds half a character"
        raise PluginLied(message)
    return page


def _unreadable(item: RawItem, error: ChannelError) -> ParseFailure:
    if isinstance(error, MessageUnreadable):
        return ParseFailure(item.source_key, "unreadable", str(error))
    detail = f"parsing raised {type(error).__name__}: {error}"
    return ParseFailure(item.source_key, "crashed", detail)


def _reason(error: RunFailed) -> FailureReason:
    reasons: dict[type[RunFailed], FailureReason] = {
        PluginTimedOut: "timed out",
        PluginFlooded: "flooded",
        PluginLied: "lied",
    }
    return reasons.get(type(error), "crashed")


_HOSTS: "weakref.WeakSet[PluginHost]" = weakref.WeakSet()


def _forget_all() -> None:
    for host in list(_HOSTS):
        host.forget()


os.register_at_fork(after_in_child=_forget_all)
