"""The settings of a message-board channel, and their meaning once checked."""

from collections.abc import Mapping
from dataclasses import dataclass

from minsheng_sdk import SettingField, Settings, SettingsInvalid, validate_settings
from minsheng_sdk.http import Limits, check_url

SCHEMA: tuple[SettingField, ...] = (
    SettingField("base_url", "text", "接口地址", "Interface address", "如 https://主机"),
    SettingField("app_code", "text", "应用代码", "App code", "请求签名所用的 appCode"),
    SettingField("token", "secret", "办理账号令牌", "Office token", required=False),
    SettingField("forum", "text", "留言对象编号", "Forum number", "领导或部门的 fid，数字"),
    SettingField(
        "section",
        "choice",
        "版块",
        "Section",
        "df 为地方领导，bw 为部委领导",
        "df is territory, bw is ministries",
        default="df",
        choices=("df", "bw"),
    ),
    SettingField("type_id", "integer", "留言类型", "Type id", "5、2 或 1", default=5),
    SettingField("rows", "integer", "每页条数", "Rows a page", default=10),
    SettingField(
        "look_back",
        "integer",
        "回看条数",
        "Letters looked back",
        "留言经审核后才公开；每次回看这么多条较旧的留言，以免遗漏晚公开的",
        "Letters show after a check; this many older ones are looked over at each pull",
        default=50,
    ),
    SettingField(
        "pause_ms",
        "integer",
        "请求间隔（毫秒）",
        "Pause between requests (ms)",
        "过快会被对方限制",
        "The source turns quick callers away",
        default=500,
    ),
    SettingField("connect_seconds", "integer", "连接时限（秒）", "Connect seconds", default=3),
    SettingField("read_seconds", "integer", "读取时限（秒）", "Read seconds", default=15),
    SettingField("max_megabytes", "integer", "应答上限（MB）", "Answer limit (MB)", default=20),
)

_BOUNDS: Mapping[str, tuple[int, int]] = {
    "type_id": (0, 1000),
    "rows": (1, 50),
    # Two lists of this many numbers stay below the cursor's limit of 64 KiB.
    "look_back": (20, 1000),
    "pause_ms": (0, 60_000),
    "connect_seconds": (1, 60),
    "read_seconds": (1, 300),
    "max_megabytes": (1, 200),
}


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """A channel's settings, checked; ``pause`` is in seconds."""

    base_url: str
    app_code: str
    token: str
    forum: str
    section: str
    type_id: int
    rows: int
    look_back: int
    pause: float
    limits: Limits


def read_settings(given: Settings) -> BoardSettings:
    """Check a channel's settings; raises SettingsInvalid naming the field at fault."""
    values = validate_settings(SCHEMA, given)
    numbers = {name: _number(values, name) for name in _BOUNDS}
    return BoardSettings(
        base_url=check_url("base_url", str(values["base_url"])),
        app_code=str(values["app_code"]),
        token=str(values.get("token", "")),
        forum=_forum(str(values["forum"])),
        section=str(values["section"]),
        type_id=numbers["type_id"],
        rows=numbers["rows"],
        look_back=numbers["look_back"],
        pause=numbers["pause_ms"] / 1000,
        limits=Limits(
            numbers["connect_seconds"],
            numbers["read_seconds"],
            numbers["max_megabytes"] * 1024 * 1024,
        ),
    )


def _number(values: Settings, name: str) -> int:
    lowest, highest = _BOUNDS[name]
    number = int(str(values[name]))
    if not lowest <= number <= highest:
        message = f"needs a number from {lowest} to {highest}, got {number}"
        raise SettingsInvalid(name, message)
    return number


def _forum(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        message = "needs the forum's number (fid), up to 12 digits"
        raise SettingsInvalid("forum", message)
    return text
