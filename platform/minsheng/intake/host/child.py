"""What happens in the forked child of one run: one request, its answers, the end.

Frames from the service::

    {"do": "check", "settings"}                  -> {"done": CheckReport}
    {"do": "deliver", "settings", "reply"}       -> {"done": DeliveryReceipt}
    {"do": "look_up", "settings", "key"}         -> {"done": DeliveryReceipt or null}
    {"do": "send", "settings"}, then {"reply": OutgoingReply} as often as wished
        -> {"done": DeliveryReceipt} each; before it, where the plugin announces the moment of
        sending, {"announce": true}, which the service answers by {"go": true}
    {"do": "pull", "settings", "cursor"}, then {"do": "next"} after each page
                                                 -> {"page": Page} ..., {"end": true}
    {"do": "parse", "settings"}, then {"item": RawItem} as often as wished
                                                 -> {"done": ParsedMessage} each

Instead of an answer there may be ``{"error": ...}`` (an error of the SDK, with its fields) or
``{"crash": ...}`` (anything else). A crash names the type of the exception and the line of code,
never its text: ``ValueError("... '13800001234'")`` would carry a citizen's telephone into a log.
"""

import os
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import minsheng_sdk
from minsheng.intake.host.confine import confine, grant_cpu
from minsheng.intake.host.frames import Frame, FrameSocket, StreamEnded
from minsheng.intake.host.limits import Limits
from minsheng.intake.host.registry import ChannelPlugin
from minsheng.intake.host.wire import from_wire, to_wire
from minsheng_sdk import (
    ChannelError,
    Deliver,
    DeliveryReceipt,
    OutgoingReply,
    RateLimited,
    RawItem,
    Settings,
    SettingsInvalid,
)
from minsheng_sdk.delivery import announcing

LONGEST_MESSAGE = 2_000


def run_child(line: socket.socket, plugin: ChannelPlugin, limits: Limits, parent: int) -> NoReturn:
    """Serve one run on ``line`` and end the process; never returns."""
    status = 1
    try:
        frames = FrameSocket(confine(line, limits, parent), limits.frame_bytes, limits.run_bytes)
        serve(plugin, frames, limits)
        status = 0
    finally:
        # Skips the handlers of exit and the flushing of buffers, which belong to the nursery.
        os._exit(status)


def serve(plugin: ChannelPlugin, line: FrameSocket, limits: Limits) -> None:
    """Read one request and answer it; returns when it is answered or the service is gone."""
    try:
        request = line.receive()
        _TASKS[request["do"]](plugin, request, line, limits)
    except StreamEnded:
        return
    except BaseException as error:  # noqa: BLE001 - the plugin edge: it is said and ends here
        line.send(_crash(error))


def _once(call: Callable[[], object], limits: Limits) -> Frame:
    grant_cpu(limits.cpu_seconds)
    try:
        return {"done": to_wire(call(), repair=True)}
    except ChannelError as error:
        return {"error": _error(error)}


def _check(plugin: ChannelPlugin, request: Frame, line: FrameSocket, limits: Limits) -> None:
    line.send(_once(lambda: plugin.hook.minsheng_check(settings=request["settings"]), limits))


def _deliver(plugin: ChannelPlugin, request: Frame, line: FrameSocket, limits: Limits) -> None:
    reply = from_wire(OutgoingReply, request["reply"])
    settings = request["settings"]
    line.send(_once(lambda: plugin.hook.minsheng_deliver(settings=settings, reply=reply), limits))


def _send(plugin: ChannelPlugin, request: Frame, line: FrameSocket, limits: Limits) -> None:
    def announce() -> None:
        line.send({"announce": True})
        line.receive()

    line.send({"ready": True})
    with ExitStack() as stack, announcing(announce):
        outlet = _Outlet(plugin, request["settings"], stack)
        while True:
            reply = from_wire(OutgoingReply, line.receive()["reply"])
            try:
                answer = _once(lambda reply=reply: outlet.deliver(reply), limits)  # type: ignore[misc]
            except (MemoryError, StreamEnded):
                raise
            except Exception as error:  # noqa: BLE001 - the plugin edge: one odd reply is no reason to end
                answer = _crash(error) | {"goes_on": True}
            line.send(answer)


class _Outlet:
    """A plugin's open connection for many replies, or its one call a reply."""

    def __init__(self, plugin: ChannelPlugin, settings: Settings, stack: ExitStack) -> None:
        self._plugin = plugin
        self._settings = settings
        self._stack = stack
        self._deliver: Deliver | None = None

    def deliver(self, reply: OutgoingReply) -> DeliveryReceipt:
        """Send one reply; a connection that could not be opened is tried at the next one again."""
        if self._deliver is None:
            self._deliver = self._opened()
        return self._deliver(reply)

    def _opened(self) -> Deliver:
        hook, settings = self._plugin.hook, self._settings
        opening = hook.minsheng_open_delivery(settings=settings)
        if opening is None:
            return lambda reply: hook.minsheng_deliver(settings=settings, reply=reply)
        opened: Deliver = self._stack.enter_context(opening)
        return opened


def _look_up(plugin: ChannelPlugin, request: Frame, line: FrameSocket, limits: Limits) -> None:
    look_up, key = plugin.hook.minsheng_look_up_delivery, request["key"]
    line.send(_once(lambda: look_up(settings=request["settings"], delivery_key=key), limits))


def _pull(plugin: ChannelPlugin, request: Frame, line: FrameSocket, limits: Limits) -> None:
    grant_cpu(limits.cpu_seconds)
    try:
        pages: Iterator[object] = plugin.hook.minsheng_pull(
            settings=request["settings"], cursor=request["cursor"]
        )
        for page in pages:
            line.send({"page": to_wire(page)})
            line.receive()
            grant_cpu(limits.cpu_seconds)
    except ChannelError as error:
        line.send({"error": _error(error)})
    else:
        line.send({"end": True})


def _parse(plugin: ChannelPlugin, request: Frame, line: FrameSocket, limits: Limits) -> None:
    settings, parse = request["settings"], plugin.hook.minsheng_parse
    line.send({"ready": True})
    while True:
        item = from_wire(RawItem, line.receive()["item"])
        try:
            answer = _once(lambda item=item: parse(settings=settings, item=item), limits)  # type: ignore[misc]
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - the plugin edge: one odd item is no reason to end
            answer = _crash(error) | {"goes_on": True}
        line.send(answer)


_TASKS: dict[str, Callable[[ChannelPlugin, Frame, FrameSocket, Limits], None]] = {
    "check": _check,
    "deliver": _deliver,
    "look_up": _look_up,
    "send": _send,
    "pull": _pull,
    "parse": _parse,
}


def _error(error: ChannelError) -> Frame:
    """Name the nearest error type of the SDK, for a plugin may derive its own."""
    known = next(
        kind for kind in type(error).__mro__ if getattr(minsheng_sdk, kind.__name__, None) is kind
    )
    frame: Frame = {"type": known.__name__, "message": str(error)[:LONGEST_MESSAGE]}
    if isinstance(error, RateLimited):
        frame["retry_after"] = error.retry_after
    if isinstance(error, SettingsInvalid):
        frame["field"] = error.field
    return frame


def _crash(error: BaseException) -> Frame:
    return {"crash": {"type": type(error).__name__, "place": _place(error)}}


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__, limit=-1) if error.__traceback__ else []
    if not frames:
        return "an unknown place"
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
