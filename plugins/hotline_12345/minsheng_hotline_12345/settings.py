"""The settings of a hotline channel, and their meaning once checked."""

from collections.abc import Mapping
from dataclasses import dataclass

from minsheng_hotline_12345.mapping import DEFAULT_FIELDS, UNUSED, merged_fields
from minsheng_hotline_12345.times import FIRST_SECOND, read_time
from minsheng_sdk import SettingField, Settings, SettingsInvalid, validate_settings
from minsheng_sdk.http import Limits, check_url

SCHEMA: tuple[SettingField, ...] = (
    SettingField("base_url", "text", "接口地址", "Interface address", "如 https://主机/路径"),
    SettingField("client_id", "text", "客户端标识", "Client id"),
    SettingField("client_secret", "secret", "客户端密钥", "Client secret"),
    SettingField(
        "fields",
        "mapping",
        "字段对应",
        "Field mapping",
        f"左为本系统字段，右为该市工单字段；只填与默认不同的，没有的填 {UNUSED}",
        f"Ours to theirs; give only what differs, and {UNUSED} for what the city does not have",
        required=False,
        default=DEFAULT_FIELDS,
    ),
    SettingField(
        "since",
        "text",
        "起始时间",
        "Start from",
        "北京时间，如 2026-01-01 00:00:00；不填则取全部",
        "Beijing time such as 2026-01-01 00:00:00; everything when left empty",
        required=False,
    ),
    SettingField("token_path", "text", "令牌路径", "Token path", default="/oauth/token"),
    SettingField("orders_path", "text", "工单路径", "Orders path", default="/api/workorders"),
    SettingField("results_path", "text", "结果路径", "Results path", default="/api/results"),
    SettingField("page_size", "integer", "每页条数", "Rows a page", default=100),
    SettingField(
        "overlap_seconds",
        "integer",
        "重读秒数",
        "Seconds read again",
        "对方迟写入的工单在此时间内仍能取到",
        "Orders that the source commits this much late are still found",
        default=120,
    ),
    SettingField("connect_seconds", "integer", "连接时限（秒）", "Connect seconds", default=3),
    SettingField("read_seconds", "integer", "读取时限（秒）", "Read seconds", default=15),
    SettingField("max_megabytes", "integer", "应答上限（MB）", "Answer limit (MB)", default=20),
)

_BOUNDS: Mapping[str, tuple[int, int]] = {
    "page_size": (1, 1000),
    "overlap_seconds": (5, 86_400),
    "connect_seconds": (1, 60),
    "read_seconds": (1, 300),
    "max_megabytes": (1, 200),
}


@dataclass(frozen=True, slots=True)
class HotlineSettings:
    """A channel's settings, checked; ``since`` is a Beijing time to the second."""

    base_url: str
    client_id: str
    client_secret: str
    fields: Mapping[str, str]
    since: str
    token_path: str
    orders_path: str
    results_path: str
    page_size: int
    overlap_seconds: int
    limits: Limits


def read_settings(given: Settings) -> HotlineSettings:
    """Check a channel's settings; raises SettingsInvalid naming the field at fault."""
    values = validate_settings(SCHEMA, given)
    numbers = {name: _number(values, name) for name in _BOUNDS}
    return HotlineSettings(
        base_url=check_url("base_url", str(values["base_url"])),
        client_id=str(values["client_id"]),
        client_secret=str(values["client_secret"]),
        fields=read_fields(given),
        since=_since(str(values.get("since", ""))),
        token_path=_path(values, "token_path"),
        orders_path=_path(values, "orders_path"),
        results_path=_path(values, "results_path"),
        page_size=numbers["page_size"],
        overlap_seconds=numbers["overlap_seconds"],
        limits=Limits(
            numbers["connect_seconds"],
            numbers["read_seconds"],
            numbers["max_megabytes"] * 1024 * 1024,
        ),
    )


def read_fields(given: Settings) -> Mapping[str, str]:
    """Return the field mapping alone, which is all that parsing needs."""
    fields = given.get("fields")
    if fields is not None and not isinstance(fields, Mapping):
        message = "needs an object of text to text"
        raise SettingsInvalid("fields", message)
    return merged_fields(fields or {})


def _number(values: Settings, name: str) -> int:
    lowest, highest = _BOUNDS[name]
    number = int(str(values[name]))
    if not lowest <= number <= highest:
        message = f"needs a number from {lowest} to {highest}, got {number}"
        raise SettingsInvalid(name, message)
    return number


def _path(values: Settings, name: str) -> str:
    path = str(values[name])
    if not path.startswith("/") or not path.isascii():
        message = "needs a path that begins with a slash, in ASCII"
        raise SettingsInvalid(name, message)
    return path


def _since(text: str) -> str:
    if not text:
        return FIRST_SECOND
    try:
        moment = read_time(text)
    except ValueError as error:
        message = "needs a Beijing time such as 2026-01-01 00:00:00"
        raise SettingsInvalid("since", message) from error
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else FIRST_SECOND
