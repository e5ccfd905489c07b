"""Checks of what the plugin says of itself."""

import re

from minsheng_sdk.records import API_VERSION, SettingField
from minsheng_sdk.settings import validate_settings
from minsheng_sdk.testing.bench import Bench, ConformanceFailure, NotApplicable, demand
from minsheng_sdk.testing.samples import sample_messages

_SECRET = re.compile(r"pass(word|wd|phrase|code)|secret|token|credential|(api|private)_?key")

# "token_url" names where a secret is had, not the secret.
_ABOUT_A_SECRET = re.compile(r"_(url|path|endpoint|field|header|name|id|seconds|minutes|ttl)$")

FAULTS = ("refuse", "drop", "empty", "throttle", "garbage", "deny")


def info_says_who_it_is(bench: Bench) -> str:
    """Name, titles and badges are there and the version of the contract is known."""
    info = bench.info
    demand(re.fullmatch(r"[a-z][a-z0-9_]*", info.name) is not None, f"odd name {info.name!r}")
    empty = [
        name
        for name in ("title_zh", "title_en", "badge_zh", "badge_en")
        if not getattr(info, name).strip()
    ]
    demand(not empty, f"empty: {', '.join(empty)}")
    demand(info.api_version == API_VERSION, f"api version {info.api_version}, not {API_VERSION}")
    return f"{info.name}, api version {info.api_version}"


def schema_defaults_validate(bench: Bench) -> str:
    """Names are unique, every field has titles, every default passes its own field."""
    names = [field.name for field in bench.schema]
    demand(len(names) == len(set(names)), "two settings have one name")
    for field in bench.schema:
        demand(bool(field.title_zh and field.title_en), f"{field.name} lacks a title")
        demand(field.type != "choice" or bool(field.choices), f"{field.name} has no choices")
        if field.default is not None:
            _default_validates(field)
    with bench.source() as source:
        return f"{len(names)} settings, {len(source.settings)} set by the loopback server"


def _default_validates(field: SettingField) -> None:
    try:
        checked = validate_settings([field], {field.name: field.default})
    except Exception as error:  # the kit's edge: a default may be of any type
        message = f"the default of {field.name} does not validate: {error}"
        raise ConformanceFailure(message) from error
    kept = checked.get(field.name)
    same = kept == field.default and type(kept) is type(field.default)
    demand(same, f"the default of {field.name} is {field.default!r} and is read as {kept!r}")


def schema_secrets_are_marked(bench: Bench) -> str:
    """A setting named like a secret is of type secret, and no secret has a default."""
    text_like = [field for field in bench.schema if field.type not in ("integer", "boolean")]
    for field in text_like:
        named = _SECRET.search(field.name) and not _ABOUT_A_SECRET.search(field.name)
        demand(not named or field.type == "secret", f"{field.name} must be of type secret")
        demand(
            field.type != "secret" or not field.default, f"the secret {field.name} has a default"
        )
    secrets = [field.name for field in text_like if field.type == "secret"]
    return f"secrets: {', '.join(secrets) or 'none'}"


def check_says_yes_in_both_languages(bench: Bench) -> str:
    """The live check of good settings is ok, with as many lines in one language as the other."""
    with bench.source() as source:
        report = bench.hook.minsheng_check(settings=source.settings)
    demand(report.ok is True, f"the check of good settings is not ok: {report.lines_en}")
    pair = (len(report.lines_zh), len(report.lines_en))
    demand(pair[0] == pair[1] > 0, f"{pair[0]} lines of Chinese, {pair[1]} of English")
    return f"{pair[0]} lines in each language"


def secrets_stay_out_of_words(bench: Bench) -> str:
    """No secret setting is found in a cursor, a check report or an error's message."""
    kinds = {field.name: field.type for field in bench.schema}
    with bench.source() as source:
        secrets = [str(v) for k, v in source.settings.items() if kinds[k] == "secret" and v]
    if not secrets:
        message = "the plugin has no secret setting"
        raise NotApplicable(message)
    words = [word for fault in (None, *FAULTS) for word in _words(bench, fault)]
    told = [word for word in words if any(secret in word for secret in secrets)]
    demand(not told, f"a secret stands in {len(told)} of {len(words)} texts")
    return f"{len(secrets)} secrets looked for in {len(words)} texts"


def _words(bench: Bench, fault: str | None) -> list[str]:
    """All that the plugin says to people or lets be stored in the clear under one fault."""
    with bench.source() as source:
        source.put(sample_messages(3))
        if fault:
            source.loopback.fail_next(fault)  # type: ignore[arg-type]
        pulled = source.pull()
        words = [page.cursor for page in pulled.pages] + [str(pulled.error or "")]
        if fault:
            source.loopback.fail_next(fault)  # type: ignore[arg-type]
        try:
            report = bench.hook.minsheng_check(settings=source.settings)
            return [*words, *report.lines_zh, *report.lines_en]
        except Exception as error:  # noqa: BLE001 - the plugin edge: its words are all that counts here
            return [*words, str(error)]
