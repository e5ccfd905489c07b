"""A plugin that does what the word in its hand says; an unknown word is an honest message.

The word is the raw bytes of an item (parse) or the setting ``mood`` (every other hook).
"""

import ctypes
import json
import os
import signal
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import minsheng_sdk as sdk
from minsheng_sdk import hookimpl

NOON = datetime(2024, 9, 27, 12, 0, tzinfo=UTC)
RUN_FD = 3


class Fit(BaseException):
    """Not an Exception, so that careless handlers miss it."""


class OwnUnavailable(sdk.SourceUnavailable):
    """An error type the SDK does not know."""


def loop() -> None:
    while True:
        pass


def wait_for_ever() -> None:
    threading.Event().wait()


def eat() -> None:
    bytearray(4 << 30)


def eat_slowly() -> None:
    hoard = []
    while True:
        hoard.append(bytearray(16 << 20))


def fit() -> None:
    raise Fit("13800001234")


def stumble() -> None:
    int("13800001234x")


def open_everything() -> None:
    hoard = []
    while True:
        hoard.append(open(os.devnull))  # noqa: SIM115 - the point is to keep them


def kill_parent() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    wait_for_ever()


def send_raw(data: bytes) -> None:
    os.write(RUN_FD, data)
    wait_for_ever()


def framed(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


def raises(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


ACTS: dict[str, Callable[[], object]] = {
    "loop": loop,
    "sleep": wait_for_ever,
    "eat": eat,
    "eat slowly": eat_slowly,
    "segfault": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(3),
    "sys.exit": lambda: sys.exit("13800001234"),
    "fit": fit,
    "stumble": stumble,
    "open everything": open_everything,
    "kill parent": kill_parent,
    "no frame": lambda: send_raw(framed(b"not json")),
    "deep frame": lambda: send_raw(framed(b"[" * 200_000)),
    "many parts": lambda: send_raw(framed(b"[" + b"[]," * 600_000 + b"1]")),
    "huge frame": lambda: send_raw(struct.pack(">I", 0xFFFFFFFF)),
    "half a frame": lambda: send_raw(struct.pack(">I", 100) + b"{"),
    "strange error": lambda: send_raw(framed(b'{"error": {"type": "Page", "message": ""}}')),
    "unavailable": raises(OwnUnavailable("the line is dead")),
    "throttled": raises(sdk.RateLimited("slowly please", retry_after=7.5)),
    "patience": raises(sdk.RateLimited("for ever", retry_after=1e12)),
    "denied": raises(sdk.CredentialsRefused("who are you")),
    "bad setting": raises(sdk.SettingsInvalid("address", "is nowhere")),
    "uncertain": raises(sdk.DeliveryUncertain("the line broke after the last byte")),
    "unreadable": raises(sdk.MessageUnreadable("half a header")),
}


def act(word: str) -> None:
    if word in ACTS:
        ACTS[word]()


def seen() -> dict[str, object]:
    """What a run can see of the world around it."""
    parent = os.getppid()
    return {
        "environ": dict(os.environ),
        "argv": sys.orig_argv,
        "fds": sorted(os.listdir("/proc/self/fd")),
        "own environ": readable("/proc/self/environ"),
        "parent environ": readable(f"/proc/{parent}/environ"),
        "parent argv": readable(f"/proc/{parent}/cmdline"),
        "uid": os.getuid(),
        "session": os.getsid(0) == os.getpid(),
        "core": list(__import__("resource").getrlimit(4)),
    }


def readable(path: str) -> str:
    try:
        return Path(path).read_bytes().decode()
    except OSError as error:
        return type(error).__name__


def in_memory(needle: bytes) -> int:
    """How often ``needle`` stands in this process's own writable memory."""
    count = 0
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        for line in Path("/proc/self/maps").read_text().splitlines():
            bounds, rights = line.split()[:2]
            if rights.startswith("rw"):
                first, last = (int(part, 16) for part in bounds.split("-"))
                memory.seek(first)
                count += memory.read(last - first).count(needle)
    return count


def two_sleepers() -> list[int]:
    """Fork one sleeper into the run's group and one into a session of its own."""
    pids = []
    for away in (False, True):
        pid = os.fork()
        if pid == 0:
            if away:
                os.setsid()
            wait_for_ever()
        pids.append(pid)
    return pids


def message(text: str, subject: str = "一件来件") -> sdk.ParsedMessage:
    return sdk.ParsedMessage("1", subject, text, NOON, extra={"pid": str(os.getpid())})


@hookimpl
def minsheng_channel_info() -> sdk.ChannelInfo:
    return sdk.ChannelInfo("moody", "喜怒", "Moody", "喜", "M", can_deliver=True, can_look_up=True)


@hookimpl
def minsheng_settings_schema() -> tuple[sdk.SettingField, ...]:
    return (sdk.SettingField("mood", "text", "心情", "mood"),)


@hookimpl
def minsheng_check(settings: sdk.Settings) -> sdk.CheckReport:
    mood = str(settings["mood"])
    act(mood)
    if mood == "look":
        return sdk.CheckReport(True, (json.dumps(seen()),), ())
    if mood.startswith("remember "):
        needle = mood.removeprefix("remember ")[::-1].encode()
        return sdk.CheckReport(True, (str(in_memory(needle)),), ())
    return sdk.CheckReport(True, ("好",), ("fine",))


@hookimpl
def minsheng_pull(settings: sdk.Settings, cursor: str) -> Iterator[sdk.Page]:
    mood = str(settings["mood"])
    act(mood)
    yield from PULLS.get(mood, three_pages)(cursor)


def three_pages(cursor: str) -> Iterator[sdk.Page]:
    for number in range(int(cursor or 0) + 1, 4):
        yield sdk.Page((sdk.RawItem(f"k{number}", bytes([number, 0, 255])),), str(number))


def endless(_: str) -> Iterator[sdk.Page]:
    while True:
        yield sdk.Page((sdk.RawItem("k", b"x" * 100_000),), "1")


def many_items(_: str) -> Iterator[sdk.Page]:
    yield sdk.Page(tuple(sdk.RawItem(f"k{n}", b"") for n in range(1_001)), "1")


def long_cursor(_: str) -> Iterator[sdk.Page]:
    yield sdk.Page((), "长" * 22_000)


def half_cursor(_: str) -> Iterator[sdk.Page]:
    yield sdk.Page((), "a\ud800")


def bad_key(_: str) -> Iterator[sdk.Page]:
    yield sdk.Page((sdk.RawItem("k\0", b""),), "1")


def empty_key(_: str) -> Iterator[sdk.Page]:
    yield sdk.Page((sdk.RawItem("", b""),), "1")


def stumbles_later(_: str) -> Iterator[sdk.Page]:
    yield sdk.Page((sdk.RawItem("k1", b"1"),), "1")
    raise sdk.SourceUnavailable("gone in the middle")


def hangs_later(_: str) -> Iterator[sdk.Page]:
    yield sdk.Page((sdk.RawItem("k1", b"1"),), "1")
    wait_for_ever()


def sleepers(_: str) -> Iterator[sdk.Page]:
    pids = [os.getpid(), *two_sleepers()]
    yield sdk.Page((sdk.RawItem("pids", json.dumps(pids).encode()),), "1")


PULLS: dict[str, Callable[[str], Iterator[sdk.Page]]] = {
    "endless": endless,
    "many items": many_items,
    "long cursor": long_cursor,
    "half cursor": half_cursor,
    "bad key": bad_key,
    "empty key": empty_key,
    "stumbles later": stumbles_later,
    "hangs later": hangs_later,
    "sleepers": sleepers,
    "no page": lambda _: iter(["page"]),  # type: ignore[list-item]
}


@hookimpl
def minsheng_parse(settings: sdk.Settings, item: sdk.RawItem) -> sdk.ParsedMessage:
    word = item.raw.decode()
    act(word)
    if word == "naive":
        return sdk.ParsedMessage("1", "", "", NOON.replace(tzinfo=None))
    if word == "nothing":
        return None  # type: ignore[return-value]
    if word == "odd text":
        return message("a\0b\ud800c")
    print("x" * 1_000_000)  # A chatty plugin must not block on its output.
    return message(f"{settings['mood']}:{word}")


@hookimpl
def minsheng_deliver(settings: sdk.Settings, reply: sdk.OutgoingReply) -> sdk.DeliveryReceipt:
    mood = str(settings["mood"])
    act(mood)
    key = "another" if mood == "mixes up" else reply.delivery_key
    return sdk.DeliveryReceipt(key, "r-1", reply.text)


@hookimpl
def minsheng_look_up_delivery(
    settings: sdk.Settings, delivery_key: str
) -> sdk.DeliveryReceipt | None:
    act(str(settings["mood"]))
    return sdk.DeliveryReceipt(delivery_key) if delivery_key == "known" else None


@hookimpl
def minsheng_loopback() -> sdk.Loopback:
    raise NotImplementedError
