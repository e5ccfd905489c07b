"""The hooks of the 12345 hotline; the entry point of the package."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from minsheng_hotline_12345.client import HotlineClient
from minsheng_hotline_12345.loopback import HotlineLoopback
from minsheng_hotline_12345.mapping import parse_order
from minsheng_hotline_12345.settings import SCHEMA, read_fields, read_settings
from minsheng_hotline_12345.times import to_second
from minsheng_hotline_12345.walk import walk
from minsheng_sdk import (
    ChannelError,
    ChannelInfo,
    CheckReport,
    Deliver,
    DeliveryReceipt,
    Loopback,
    OpenDelivery,
    OutgoingReply,
    Page,
    ParsedMessage,
    RawItem,
    SettingField,
    Settings,
    hookimpl,
)
from minsheng_sdk.text import as_text


@hookimpl
def minsheng_channel_info() -> ChannelInfo:
    """Say what the plugin is."""
    return ChannelInfo(
        name="hotline_12345",
        title_zh="12345 政务服务便民热线",
        title_en="12345 government service hotline",
        badge_zh="电话",
        badge_en="Hotline",
        can_deliver=True,
        can_look_up=True,
    )


@hookimpl
def minsheng_settings_schema() -> tuple[SettingField, ...]:
    """List the settings of a hotline channel."""
    return SCHEMA


@hookimpl
def minsheng_check(settings: Settings) -> CheckReport:
    """Sign in and list what was updated from now on; the first failing step ends the check."""
    lines_zh: list[str] = []
    lines_en: list[str] = []
    try:
        with HotlineClient(read_settings(settings)) as client:
            client.sign_in()
            lines_zh.append("登录成功")
            lines_en.append("signed in")
            client.orders(to_second(datetime.now(UTC)))
            lines_zh.append("工单列表可读")
            lines_en.append("the list of orders can be read")
    except ChannelError as error:
        lines_zh.append(f"失败：{error}")
        lines_en.append(f"failed: {error}")
        return CheckReport(False, tuple(lines_zh), tuple(lines_en))
    return CheckReport(True, tuple(lines_zh), tuple(lines_en))


@hookimpl
def minsheng_pull(settings: Settings, cursor: str) -> Iterator[Page]:
    """Yield the orders updated since the cursor, in order of update."""
    checked = read_settings(settings)
    with HotlineClient(checked) as client:
        yield from walk(client, checked, cursor, time.time)


@hookimpl
def minsheng_parse(settings: Settings, item: RawItem) -> ParsedMessage:
    """Read one work order by the channel's field mapping."""
    return parse_order(item.raw, read_fields(settings))


@hookimpl
def minsheng_deliver(settings: Settings, reply: OutgoingReply) -> DeliveryReceipt:
    """Write the result back on the work order."""
    with HotlineClient(read_settings(settings)) as client:
        return DeliveryReceipt(reply.delivery_key, client.write_result(reply))


@hookimpl
def minsheng_open_delivery(settings: Settings) -> OpenDelivery:
    """Keep one signed-in session for many replies."""
    return _many(settings)


@contextmanager
def _many(settings: Settings) -> Iterator[Deliver]:
    with HotlineClient(read_settings(settings)) as client:
        yield lambda reply: DeliveryReceipt(reply.delivery_key, client.write_result(reply))


@hookimpl
def minsheng_look_up_delivery(settings: Settings, delivery_key: str) -> DeliveryReceipt | None:
    """Ask the source for the result that bears this key."""
    with HotlineClient(read_settings(settings)) as client:
        result = client.find_result(delivery_key)
    if result is None:
        return None
    return DeliveryReceipt(
        delivery_key, as_text(result.get("id")), as_text(result.get("replyTime"))
    )


@hookimpl
def minsheng_loopback() -> Loopback:
    """Make a work-order server on 127.0.0.1."""
    return HotlineLoopback()
