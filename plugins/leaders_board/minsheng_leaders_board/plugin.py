"""The hooks of the message board; the entry point of the package."""

from collections.abc import Iterator
from contextlib import contextmanager

from minsheng_leaders_board.client import BoardClient
from minsheng_leaders_board.letters import parse_letter
from minsheng_leaders_board.loopback import BoardLoopback
from minsheng_leaders_board.settings import SCHEMA, read_settings
from minsheng_leaders_board.walk import walk
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
from minsheng_sdk.text import clean


@hookimpl
def minsheng_channel_info() -> ChannelInfo:
    """Say what the plugin is."""
    return ChannelInfo(
        name="leaders_board",
        title_zh="人民网「领导留言板」",
        title_en="Message board for leaders",
        badge_zh="留言板",
        badge_en="Board",
        can_deliver=True,
        can_look_up=True,
        public=True,
    )


@hookimpl
def minsheng_settings_schema() -> tuple[SettingField, ...]:
    """List the settings of a board channel."""
    return SCHEMA


@hookimpl
def minsheng_check(settings: Settings) -> CheckReport:
    """List the newest letters; that needs the address, the app code and the signature."""
    try:
        with BoardClient(read_settings(settings)) as client:
            count = len(client.threads(""))
    except ChannelError as error:
        return CheckReport(False, (f"失败：{error}",), (f"failed: {error}",))
    lines_zh, lines_en = [f"留言列表可读，首页 {count} 条"], [f"the list can be read: {count} rows"]
    if count == 0:
        lines_zh.append("列表为空，请核对留言对象编号与版块")
        lines_en.append("the list is empty, check forum number and section")
    return CheckReport(True, tuple(lines_zh), tuple(lines_en))


@hookimpl
def minsheng_pull(settings: Settings, cursor: str) -> Iterator[Page]:
    """Yield letters that are new since the cursor, page by page from the newest down.

    The board lists newest first and can be asked in no other order, so the pages come in that
    order; each page has its oldest letter first.
    """
    checked = read_settings(settings)
    with BoardClient(checked) as client:
        yield from walk(client, checked, cursor)


@hookimpl
def minsheng_parse(settings: Settings, item: RawItem) -> ParsedMessage:  # noqa: ARG001  # the hook's
    """Read a stored letter; no setting matters for that."""
    return parse_letter(item.raw)


@hookimpl
def minsheng_deliver(settings: Settings, reply: OutgoingReply) -> DeliveryReceipt:
    """Publish the official reply under its letter."""
    with BoardClient(read_settings(settings)) as client:
        return DeliveryReceipt(reply.delivery_key, client.reply(reply))


@hookimpl
def minsheng_open_delivery(settings: Settings) -> OpenDelivery:
    """Keep one connection for many replies."""
    return _many(settings)


@contextmanager
def _many(settings: Settings) -> Iterator[Deliver]:
    with BoardClient(read_settings(settings)) as client:
        yield lambda reply: DeliveryReceipt(reply.delivery_key, client.reply(reply))


@hookimpl
def minsheng_look_up_delivery(settings: Settings, delivery_key: str) -> DeliveryReceipt | None:
    """Ask the board for the official reply that bears this key."""
    with BoardClient(read_settings(settings)) as client:
        entry = client.find_reply(delivery_key)
    if entry is None:
        return None
    return DeliveryReceipt(delivery_key, clean(str(entry.get("replyId", ""))))


@hookimpl
def minsheng_loopback() -> Loopback:
    """Make a message board on 127.0.0.1."""
    return BoardLoopback()
