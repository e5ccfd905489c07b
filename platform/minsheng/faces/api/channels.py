"""``/channels``: list, add, check, pull, pause."""

from dataclasses import asdict
from typing import Any

from minsheng.faces.api.desk import actor, api_tools, office_session, tools
from minsheng.faces.api.schemas import (
    ChannelListSchema,
    ChannelSchema,
    CheckSchema,
    NewChannelSchema,
)
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint
from minsheng.intake.models import Channel
from minsheng.intake.service import (
    NewChannel,
    add_channel,
    channel_settings,
    find_channel,
    list_channels,
    pull_now,
    set_paused,
)

blueprint = ProblemBlueprint("channels", __name__, description="Where messages come from")


@blueprint.get("/channels")
@require_scope("channels:read")
@blueprint.response(200, ChannelListSchema)
def get_channels() -> dict[str, Any]:
    """The office's channels with their last runs."""
    with office_session() as session:
        found = list_channels(session)
        return {"items": [_shown(each.channel) | {"runs": list(each.runs)} for each in found]}


@blueprint.post("/channels")
@require_scope("channels:write")
@blueprint.arguments(NewChannelSchema)
@blueprint.response(201, ChannelSchema)
def post_channel(said: dict[str, Any]) -> dict[str, Any]:
    """Add a channel; one that is not pushed is pulled at once."""
    with office_session() as session:
        new = NewChannel(**said)
        return _shown(add_channel(session, tools(), api_tools().registry, actor(), new))


@blueprint.post("/channels/<code>/check")
@require_scope("channels:write")
@blueprint.response(200, CheckSchema)
def check_channel(code: str) -> dict[str, Any]:
    """Try the channel's settings against its live source."""
    with office_session() as session:
        channel = find_channel(session, code)
        settings = channel_settings(tools(), channel)
    return asdict(api_tools().host.check(channel.plugin, settings))


@blueprint.post("/channels/<code>/pull")
@require_scope("channels:write")
@blueprint.response(202, ChannelSchema)
def pull_channel(code: str) -> dict[str, Any]:
    """Have the channel pulled without waiting for its turn."""
    with office_session() as session:
        return _shown(pull_now(session, tools(), actor(), code))


@blueprint.post("/channels/<code>/pause")
@require_scope("channels:write")
@blueprint.response(200, ChannelSchema)
def pause_channel(code: str) -> dict[str, Any]:
    """Pause the channel."""
    with office_session() as session:
        return _shown(set_paused(session, tools(), actor(), code, paused=True))


@blueprint.post("/channels/<code>/resume")
@require_scope("channels:write")
@blueprint.response(200, ChannelSchema)
def resume_channel(code: str) -> dict[str, Any]:
    """Let a paused channel run again."""
    with office_session() as session:
        return _shown(set_paused(session, tools(), actor(), code, paused=False))


def _shown(channel: Channel) -> dict[str, Any]:
    named = ("code", "plugin", "name", "state")
    return {name: getattr(channel, name) for name in named} | {"runs": []}
