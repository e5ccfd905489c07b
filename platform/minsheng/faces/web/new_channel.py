"""Adding a channel by a form that is drawn from its plugin's own settings, tried live first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from minsheng.faces.api.desk import api_tools
from minsheng.faces.web import labels
from minsheng.faces.web.desk import actor, needs, office_session, tools
from minsheng.faces.web.locale import language
from minsheng.faces.web.models import Choice
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.words import _
from minsheng.intake.host import HostError
from minsheng.intake.service import ChannelInvalid, NewChannel, add_channel
from minsheng_sdk import ChannelError, SettingField, SettingsInvalid, validate_settings

new_channel_pages = Blueprint("new_channel_pages", __name__, url_prefix="/channels")

PREFIX = "set-"
"""How the form's fields for settings begin, so that none can be taken for another field."""
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class FormField:
    """One setting as a field of the form; a secret is never filled in again."""

    name: str
    kind: str
    title: str
    hint: str
    required: bool
    value: str
    choices: tuple[str, ...]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ChannelForm:
    """The form: which plugin, what is filled in, and what is wrong with it."""

    plugins: tuple[Choice, ...]
    plugin: str
    code: str
    name: str
    fields: tuple[FormField, ...]
    fault: str = ""


@new_channel_pages.get("/new")
@needs("channels.write")
def show_form() -> ResponseReturnValue:
    """An empty form of the chosen plugin."""
    return _page(request.args.get("plugin", ""), {})


@new_channel_pages.post("/new")
@needs("channels.write")
def add() -> ResponseReturnValue:
    """Add the channel; it is pulled at once."""
    form, plugin = request.form, request.form.get("plugin", "")
    given = _given(plugin)
    new = NewChannel(form.get("code", "").strip(), plugin, form.get("name", "").strip(), given)
    try:
        with office_session() as session:
            add_channel(session, tools(), api_tools().registry, actor(), new)
    except (SettingsInvalid, ChannelInvalid) as error:
        return _page(plugin, form, error.field), 422
    return redirect(url_for("channel_pages.show_channels", done="channel_added"), 303)


@new_channel_pages.post("/check")
@needs("channels.write")
def check() -> ResponseReturnValue:
    """Try the settings against the live source, in a child process with a time limit."""
    plugin = request.form.get("plugin", "")
    if plugin not in api_tools().registry.names:
        return render_template("desk/checked.html", ok=False, lines=[_("没有这个插件")])
    try:
        schema = api_tools().registry.get(plugin).schema()
        report = api_tools().host.check(plugin, validate_settings(schema, _given(plugin)))
    except SettingsInvalid as error:
        field = next((each for each in schema if each.name == error.field), None)
        title = _title(field) if field else error.field
        said = [_("“%(field)s”没有填，或填得不对", field=title)]
        return render_template("desk/checked.html", ok=False, lines=said)
    except (ChannelError, HostError) as error:
        said = [labels.trouble_name(type(error).__name__)]
        return render_template("desk/checked.html", ok=False, lines=said)
    lines = report.lines_zh if language() == "zh" else report.lines_en
    return render_template("desk/checked.html", ok=report.ok, lines=lines)


def _page(plugin: str, filled: Mapping[str, str], fault: str = "") -> str:
    with office_session() as session:
        form = _form(plugin, filled, fault)
        return render_desk(session, "desk/new_channel.html", "channels", form=form)


def _form(plugin: str, filled: Mapping[str, str], fault: str) -> ChannelForm:
    registry = api_tools().registry
    chosen = plugin if plugin in registry.names else next(iter(registry.names), "")
    infos = [registry.get(name).info() for name in registry.names]
    zh = language() == "zh"
    return ChannelForm(
        plugins=tuple(
            Choice(
                info.title_zh if zh else info.title_en,
                url_for(".show_form", plugin=info.name),
                info.name == chosen,
                icon=labels.plugin_icon(info.name),
            )
            for info in infos
        ),
        plugin=chosen,
        code=filled.get("code", ""),
        name=filled.get("name", ""),
        fields=tuple(_fields(chosen, filled, fault)) if chosen else (),
        fault=fault if fault in ("code", "name") else "",
    )


def _fields(plugin: str, filled: Mapping[str, str], fault: str) -> Iterable[FormField]:
    zh = language() == "zh"
    for field in api_tools().registry.get(plugin).schema():
        secret = field.type == "secret"
        default = "" if field.default is None or secret else _shown(field.default)
        yield FormField(
            name=PREFIX + field.name,
            kind=field.type,
            title=_title(field),
            hint=field.hint_zh if zh else field.hint_en,
            required=field.required and field.default is None,
            value="" if secret else filled.get(PREFIX + field.name, default),
            choices=field.choices,
            fault=_("没有填，或填得不对") if field.name == fault else "",
        )


def _title(field: SettingField) -> str:
    return field.title_zh if language() == "zh" else field.title_en


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "\n".join(f"{key}={said}" for key, said in value.items())
    return str(value)


def _given(plugin: str) -> dict[str, object]:
    """What the form says of the plugin's settings; lines of a mapping are ``name=value``."""
    registry = api_tools().registry
    if plugin not in registry.names:
        return {}
    given: dict[str, object] = {}
    for field in registry.get(plugin).schema():
        said = request.form.get(PREFIX + field.name, "")[:_LONGEST]
        if field.type != "secret":
            said = said.strip()
        if field.type == "mapping":
            pairs = (line.partition("=") for line in said.splitlines() if line.strip())
            given[field.name] = {key.strip(): value.strip() for key, _sign, value in pairs}
        else:
            given[field.name] = said
    return given
