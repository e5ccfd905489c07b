"""The settings of one mailbox, checked once and then carried as one typed record."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

from minsheng_sdk import SettingField, Settings, SettingsInvalid, validate_settings

Security = Literal["tls", "starttls", "none"]
SECURITIES: tuple[Security, ...] = ("tls", "starttls", "none")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*"
)

SCHEMA: tuple[SettingField, ...] = (
    SettingField("host", "text", "收信服务器", "IMAP server", hint_zh="例如 imap.example.gov.cn"),
    SettingField("port", "integer", "收信端口", "IMAP port", default=993),
    SettingField(
        "security",
        "choice",
        "收信加密方式",
        "IMAP encryption",
        hint_zh="“none” 仅限本机",
        hint_en='"none" is for loopback hosts only',
        default="tls",
        choices=SECURITIES,
    ),
    SettingField("username", "text", "帐号", "User name"),
    SettingField(
        "password",
        "secret",
        "密码或授权码",
        "Password",
        hint_zh="部分邮箱须填写客户端授权码而非登录密码",
        hint_en="some providers want a client authorisation code here",
    ),
    SettingField("folder", "text", "文件夹", "Folder", default="INBOX"),
    SettingField(
        "mark_seen",
        "boolean",
        "入库后标为已读",
        "Mark as read once stored",
        default=False,
    ),
    SettingField(
        "max_mail_mb",
        "integer",
        "单封邮件上限（MB）",
        "Largest mail fetched whole (MB)",
        hint_zh="超过上限的邮件只取信头并注明",
        hint_en="of a larger mail only the header is fetched, and marked so",
        default=25,
    ),
    SettingField(
        "timeout_s",
        "integer",
        "网络超时（秒）",
        "Network time-out (s)",
        required=False,
        default=60,
    ),
    SettingField("smtp_host", "text", "发信服务器", "SMTP server", required=False, default=""),
    SettingField("smtp_port", "integer", "发信端口", "SMTP port", required=False, default=465),
    SettingField(
        "smtp_security",
        "choice",
        "发信加密方式",
        "SMTP encryption",
        required=False,
        default="tls",
        choices=SECURITIES,
    ),
    SettingField(
        "from_address",
        "text",
        "答复所用地址",
        "Sender address of replies",
        required=False,
        default="",
    ),
    SettingField(
        "from_name",
        "text",
        "答复所用名称",
        "Sender name of replies",
        hint_zh="留空则用单位名称",
        hint_en="empty: the name of the office",
        required=False,
        default="",
    ),
)


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """Where the letters are; ``max_bytes`` and ``timeout`` (seconds) bound one fetch."""

    host: str
    port: int
    security: Security
    username: str
    password: str
    folder: str
    mark_seen: bool
    max_bytes: int
    timeout: float


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where the answers go; ``timeout`` is in seconds."""

    host: str
    port: int
    security: Security
    username: str
    password: str
    from_address: str
    from_name: str
    timeout: float


def read_imap(settings: Settings) -> ImapSettings:
    """Return the IMAP half of ``settings``.

    Raises SettingsInvalid for a control character, a port or size out of range, or plain text to
    a host that is not this machine.
    """
    checked = validate_settings(SCHEMA, settings)
    return ImapSettings(
        host=_line(checked, "host"),
        port=_between(checked, "port", 1, 65535),
        security=_security(checked, "security", "host"),
        username=_line(checked, "username"),
        password=_line(checked, "password"),
        folder=_line(checked, "folder"),
        mark_seen=bool(checked["mark_seen"]),
        max_bytes=_between(checked, "max_mail_mb", 1, 200) * 1024 * 1024,
        timeout=float(_between(checked, "timeout_s", 1, 600)),
    )


def read_smtp(settings: Settings) -> SmtpSettings:
    """Return the SMTP half of ``settings``.

    Raises SettingsInvalid when no server or no proper sender address is set, and for everything
    that :func:`read_imap` refuses.
    """
    checked = validate_settings(SCHEMA, settings)
    host = _line(checked, "smtp_host")
    if not host:
        raise SettingsInvalid("smtp_host", "is needed to send replies, enter the SMTP server")
    address = _line(checked, "from_address") or _line(checked, "username")
    if not is_address(address):
        raise SettingsInvalid("from_address", "needs one plain mail address, such as desk@host")
    return SmtpSettings(
        host=host,
        port=_between(checked, "smtp_port", 1, 65535),
        security=_security(checked, "smtp_security", "smtp_host"),
        username=_line(checked, "username"),
        password=_line(checked, "password"),
        from_address=address,
        from_name=_line(checked, "from_name"),
        timeout=float(_between(checked, "timeout_s", 1, 600)),
    )


def is_address(text: str) -> bool:
    """Say whether ``text`` is one plain ASCII mail address (RFC 5321 dot-atom form)."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def is_loopback(host: str) -> bool:
    """Say whether ``host`` is this machine, without asking any name server."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _line(settings: Settings, name: str) -> str:
    value = str(settings.get(name, ""))
    # A line break in a user name or folder would become a second protocol command.
    if _CONTROL.search(value):
        raise SettingsInvalid(name, "must not hold line breaks or control characters")
    return value


def _between(settings: Settings, name: str, low: int, high: int) -> int:
    value = int(str(settings[name]))
    if not low <= value <= high:
        raise SettingsInvalid(name, f"needs a number from {low} to {high}, got {value}")
    return value


def _security(settings: Settings, name: str, host_field: str) -> Security:
    chosen = str(settings[name])
    if chosen == "none" and not is_loopback(str(settings.get(host_field, ""))):
        message = "plain text is allowed to this machine only, use tls or starttls"
        raise SettingsInvalid(name, message)
    return next(security for security in SECURITIES if security == chosen)
