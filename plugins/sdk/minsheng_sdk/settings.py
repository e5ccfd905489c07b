"""Check a channel's settings against the schema its plugin declares."""

from collections.abc import Mapping, Sequence

from minsheng_sdk.errors import SettingsInvalid
from minsheng_sdk.records import SettingField, Settings, SettingValue


def validate_settings(schema: Sequence[SettingField], given: Mapping[str, object]) -> Settings:
    """Return the settings with defaults filled in and every value of its declared type.

    Raises SettingsInvalid naming the first field that is unknown, missing or of a wrong type.
    """
    unknown = sorted(set(given) - {field.name for field in schema})
    if unknown:
        known = ", ".join(field.name for field in schema)
        raise SettingsInvalid(unknown[0], f"unknown setting, use one of: {known}")
    checked = {field.name: _value(field, given.get(field.name)) for field in schema}
    return {name: value for name, value in checked.items() if value is not None}


def _value(field: SettingField, given: object) -> SettingValue | None:
    if given is None or given == "":
        if field.required and field.default is None:
            raise SettingsInvalid(field.name, "is required and missing")
        return field.default
    if field.type == "integer":
        return _integer(field, given)
    if field.type == "boolean":
        return _boolean(field, given)
    if field.type == "mapping":
        return _mapping(field, given)
    return _text(field, given)


def _integer(field: SettingField, given: object) -> int:
    try:
        return int(str(given))
    except ValueError as error:
        raise SettingsInvalid(field.name, f"needs a whole number, got {given!r}") from error


def _boolean(field: SettingField, given: object) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    try:
        return words[str(given).lower()]
    except KeyError as error:
        raise SettingsInvalid(field.name, f"needs true or false, got {given!r}") from error


def _mapping(field: SettingField, given: object) -> Mapping[str, str]:
    if not isinstance(given, Mapping):
        raise SettingsInvalid(field.name, "needs an object of text to text")
    if not all(isinstance(key, str) and isinstance(value, str) for key, value in given.items()):
        raise SettingsInvalid(field.name, "every key and value must be text")
    return {str(key): str(value) for key, value in given.items()}


def _text(field: SettingField, given: object) -> str:
    if not isinstance(given, str):
        raise SettingsInvalid(field.name, f"needs text, got {type(given).__name__}")
    if field.type == "choice" and given not in field.choices:
        raise SettingsInvalid(field.name, f"use one of: {', '.join(field.choices)}")
    return given
