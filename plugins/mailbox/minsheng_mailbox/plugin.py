"""The hooks of the mailbox plugin."""

from collections.abc import Iterator

from minsheng_mailbox import parse as parsing
from minsheng_mailbox import pull as pulling
from minsheng_mailbox import smtp
from minsheng_mailbox.imap import Mailbox
from minsheng_mailbox.loopback import MailLoopback
from minsheng_mailbox.settings import SCHEMA, read_imap, read_smtp
from minsheng_sdk import (
    ChannelError,
    ChannelInfo,
    CheckReport,
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


@hookimpl
def minsheng_channel_info() -> ChannelInfo:
    """Say what the plugin is; SMTP knows no way to ask for a letter sent earlier."""
    return ChannelInfo(
        name="mailbox",
        title_zh="领导信箱（电子邮件）",
        title_en="Leader's mailbox (e-mail)",
        badge_zh="信箱",
        badge_en="Mail",
        can_deliver=True,
        can_look_up=False,
        announces=True,
    )


@hookimpl
def minsheng_settings_schema() -> tuple[SettingField, ...]:
    """List the settings; see :mod:`minsheng_mailbox.settings`."""
    return SCHEMA


@hookimpl
def minsheng_check(settings: Settings) -> CheckReport:
    """Open the folder read-only and greet the SMTP server if one is set; nothing is changed."""
    try:
        with Mailbox(read_imap(settings)) as mailbox:
            lines_zh = [f"收信：已登录，文件夹可读，共 {mailbox.mails} 封"]
            lines_en = [f"IMAP: logged in, folder readable, {mailbox.mails} mails"]
        if settings.get("smtp_host"):
            smtp.check(read_smtp(settings))
            lines_zh.append("发信：服务器已应答")
            lines_en.append("SMTP: the server answers")
        else:
            lines_zh.append("发信：未设置，不能由本渠道答复")
            lines_en.append("SMTP: not set, replies cannot go out by this channel")
    except ChannelError as error:
        return CheckReport(ok=False, lines_zh=(f"未通过：{error}",), lines_en=(f"failed: {error}",))
    return CheckReport(ok=True, lines_zh=tuple(lines_zh), lines_en=tuple(lines_en))


@hookimpl
def minsheng_pull(settings: Settings, cursor: str) -> Iterator[Page]:
    """Yield pages of letters; see :func:`minsheng_mailbox.pull.pull`."""
    return pulling.pull(read_imap(settings), cursor)


@hookimpl
def minsheng_parse(settings: Settings, item: RawItem) -> ParsedMessage:  # noqa: ARG001 - the hook's
    """Read one letter; see :mod:`minsheng_mailbox.parse`."""
    return parsing.parse(item)


@hookimpl
def minsheng_deliver(settings: Settings, reply: OutgoingReply) -> DeliveryReceipt:
    """Send one answer; see :func:`minsheng_mailbox.smtp.deliver`."""
    return smtp.deliver(read_smtp(settings), reply)


@hookimpl
def minsheng_open_delivery(settings: Settings) -> OpenDelivery:
    """Open one connection for many answers."""
    return smtp.opened(read_smtp(settings))


@hookimpl
def minsheng_look_up_delivery(settings: Settings, delivery_key: str) -> DeliveryReceipt | None:  # noqa: ARG001
    """Return None always: SMTP cannot be asked whether a letter arrived, so an uncertain
    delivery is settled by a person (``can_look_up`` is false).
    """
    return None


@hookimpl
def minsheng_loopback() -> Loopback:
    """Make the mail server of the demo."""
    return MailLoopback()
