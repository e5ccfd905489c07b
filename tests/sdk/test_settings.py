"""Settings are checked against a plugin's schema: what fits passes, what does not is named."""

from typing import Any

import pytest

from minsheng_sdk import SettingField, SettingsInvalid, SettingType, validate_settings


def field(kind: SettingType, **more: Any) -> SettingField:
    choices = ("df", "bw") if kind == "choice" else ()
    return SettingField("it", kind, "它", "It", choices=choices, **more)


FITTING: list[tuple[SettingType, object, object]] = [
    ("text", "路灯", "路灯"),
    ("text", " ", " "),
    ("secret", "s3cret", "s3cret"),
    ("integer", 7, 7),
    ("integer", "7", 7),
    ("integer", "-7", -7),
    ("integer", 0, 0),
    ("boolean", True, True),
    ("boolean", False, False),
    ("boolean", "Yes", True),
    ("boolean", "0", False),
    ("choice", "bw", "bw"),
    ("mapping", {"title": "标题"}, {"title": "标题"}),
    ("mapping", {}, {}),
]

WRONG: list[tuple[SettingType, object, str]] = [
    ("text", 7, "needs text, got int"),
    ("text", ["a"], "needs text, got list"),
    ("secret", 7, "needs text, got int"),
    ("integer", "seven", "needs a whole number"),
    ("integer", "7.5", "needs a whole number"),
    ("integer", 7.5, "needs a whole number"),
    ("integer", True, "needs a whole number"),
    ("boolean", "perhaps", "needs true or false"),
    ("boolean", 2, "needs true or false"),
    ("choice", "xx", "use one of: df, bw"),
    ("choice", 7, "needs text, got int"),
    ("mapping", "title", "needs an object of text to text"),
    ("mapping", [["a", "b"]], "needs an object of text to text"),
    ("mapping", {"title": 7}, "every key and value must be text"),
    ("mapping", {7: "title"}, "every key and value must be text"),
]


@pytest.mark.parametrize(("kind", "given", "kept"), FITTING)
def test_a_value_that_fits_its_type_is_kept_as_that_type(
    kind: SettingType, given: object, kept: object
) -> None:
    checked = validate_settings([field(kind)], {"it": given})
    assert checked == {"it": kept}
    assert type(checked["it"]) is type(kept)


@pytest.mark.parametrize(("kind", "given", "words"), WRONG)
def test_a_value_of_a_wrong_type_is_refused_by_name(
    kind: SettingType, given: object, words: str
) -> None:
    with pytest.raises(SettingsInvalid, match=rf"^it: {words}") as caught:
        validate_settings([field(kind)], {"it": given})
    assert caught.value.field == "it"


def test_every_type_is_held_to_success_and_refusal() -> None:
    kinds = set(SettingType.__args__)  # type: ignore[attr-defined]
    assert {kind for kind, _, _ in FITTING} == kinds
    assert {kind for kind, _, _ in WRONG} == kinds


@pytest.mark.parametrize("given", [{}, {"it": None}, {"it": ""}])
def test_what_is_not_given_takes_its_default(given: dict[str, object]) -> None:
    assert validate_settings([field("integer", default=5)], given) == {"it": 5}
    assert validate_settings([field("boolean", default=False)], given) == {"it": False}
    assert validate_settings([field("integer", default=0, required=False)], given) == {"it": 0}


def test_a_given_value_goes_before_the_default() -> None:
    assert validate_settings([field("integer", default=5)], {"it": 0}) == {"it": 0}
    assert validate_settings([field("boolean", default=True)], {"it": False}) == {"it": False}


@pytest.mark.parametrize("given", [{}, {"it": None}, {"it": ""}])
def test_what_is_required_and_not_given_is_refused_and_what_is_not_required_is_left_out(
    given: dict[str, object],
) -> None:
    assert validate_settings([field("text", required=False)], given) == {}
    with pytest.raises(SettingsInvalid, match=r"^it: is required and missing$") as caught:
        validate_settings([field("text")], given)
    assert caught.value.field == "it"


def test_an_unknown_setting_is_refused_with_the_known_ones() -> None:
    schema = [field("text"), SettingField("other", "text", "另", "Other", required=False)]
    assert validate_settings(schema, {"it": "a", "other": "b"}) == {"it": "a", "other": "b"}
    with pytest.raises(SettingsInvalid, match="use one of: it, other") as caught:
        validate_settings(schema, {"it": "a", "itt": "b"})
    assert caught.value.field == "itt"


def test_the_settings_stand_in_the_order_of_the_schema() -> None:
    schema = [SettingField(name, "text", name, name) for name in ("b", "a", "c")]
    assert list(validate_settings(schema, {"c": "3", "a": "1", "b": "2"})) == ["b", "a", "c"]


def test_a_wrong_secret_is_not_repeated_in_the_message() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        validate_settings([field("secret")], {"it": ["hunter2"]})
    assert "hunter2" not in str(caught.value)
