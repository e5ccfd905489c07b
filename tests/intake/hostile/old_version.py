"""A plugin written for a contract that nobody knows any more."""

from minsheng_sdk import ChannelInfo, SettingField, hookimpl


@hookimpl
def minsheng_channel_info() -> ChannelInfo:
    return ChannelInfo("old_version", "旧", "Old", "旧", "O", api_version=0)


@hookimpl
def minsheng_settings_schema() -> tuple[SettingField, ...]:
    return ()


@hookimpl
def minsheng_check(settings): ...  # noqa: ANN001, ANN201


@hookimpl
def minsheng_pull(settings, cursor): ...  # noqa: ANN001, ANN201


@hookimpl
def minsheng_parse(settings, item): ...  # noqa: ANN001, ANN201


@hookimpl
def minsheng_loopback(): ...  # noqa: ANN201
