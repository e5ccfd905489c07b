"""A plugin whose source is a file: pages of arrivals, faults between them, and what was confirmed.

``book`` names the file: ``{"pages": [page, ...]}`` where a page is a list of ``[key, raw, epoch]``
or the name of a fault. The cursor is the number of the next page. Behind each page that the service
resumed after, a line is added to ``<book>.confirmed``.
"""

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import minsheng_sdk as sdk
from minsheng_sdk import hookimpl

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@hookimpl
def minsheng_channel_info() -> sdk.ChannelInfo:
    return sdk.ChannelInfo("scripted", "脚本", "Script", "脚本", "Script")


@hookimpl
def minsheng_settings_schema() -> tuple[sdk.SettingField, ...]:
    return (sdk.SettingField("book", "text", "书", "Book"),)


@hookimpl
def minsheng_check(settings: sdk.Settings) -> sdk.CheckReport:
    return sdk.CheckReport(True, ("好",), ("good",))


@hookimpl
def minsheng_pull(settings: sdk.Settings, cursor: str) -> Iterator[sdk.Page]:
    book = Path(str(settings["book"]))
    pages = json.loads(book.read_text(encoding="utf-8"))["pages"]
    for number in range(int(cursor or 0), len(pages)):
        page = pages[number]
        if isinstance(page, str):
            misbehave(page)
        items = tuple(sdk.RawItem(key, raw.encode(), epoch) for key, raw, epoch in page)
        yield sdk.Page(items, str(number + 1))
        with Path(f"{book}.confirmed").open("a", encoding="utf-8") as confirmed:
            confirmed.write(f"{number}\n")


def misbehave(fault: str) -> None:
    if fault == "away":
        message = "the source is away"
        raise sdk.SourceUnavailable(message)
    if fault == "busy":
        message = "the source asks for patience"
        raise sdk.RateLimited(message, 900.0)
    if fault == "refused":
        message = "the source refused the credentials"
        raise sdk.CredentialsRefused(message)
    if fault == "crash":
        os._exit(3)


@hookimpl
def minsheng_parse(settings: sdk.Settings, item: sdk.RawItem) -> sdk.ParsedMessage:
    words = item.raw.decode()
    mended = Path(f"{settings['book']}.mended").exists()
    if words.startswith("crash") and not mended:
        os._exit(7)
    if words.startswith("hang") and not mended:
        threading.Event().wait()
    if words.startswith("unreadable") and not mended:
        message = "the bytes are broken"
        raise sdk.MessageUnreadable(message)
    if words.startswith("slow"):
        with Path(f"{settings['book']}.slow").open("a", encoding="utf-8") as read:
            read.write(f"{item.source_key}\n")
    subject, _, body = words.partition("\n")
    citizen = sdk.Citizen("李四", "13800001234", "li@example.org")
    return sdk.ParsedMessage(item.source_key, subject, body, moment(words), citizen=citizen)


def moment(words: str) -> datetime:
    if words.startswith("before all time"):
        return datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8)))
    if words.startswith("after all time"):
        return datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-8)))
    return NOON


@hookimpl
def minsheng_loopback() -> None:
    return None
