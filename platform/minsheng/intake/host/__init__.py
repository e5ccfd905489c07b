"""Run channel plugins so that one can hang, crash, flood or lie without touching the rest.

Three kinds of process take part::

    service ──control socket──> nursery (one a plugin, warm, no secrets) ──fork──> child (one a run)
       └────────────────── one socket a run: request in, frames out ───────────────────┘

The *service* holds a :class:`PluginHost`. The *nursery* (:mod:`minsheng.intake.host.nursery`) has
imported the plugin once, in a clean environment, and forks. The *child*
(:mod:`minsheng.intake.host.child`) gives up what it does not need, takes one request and answers
it. The settings of a channel, secrets among them, travel in the request frame only, so the nursery
never sees them and the next child cannot inherit them.

What the service believes is decided on its own side: every frame is measured before it is read and
checked against the record it claims to be (:mod:`minsheng.intake.host.wire`). All time limits end
with the whole process group of the child being killed.
"""

from minsheng.intake.host.errors import (
    HostError,
    NurseryLost,
    PluginCrashed,
    PluginFlooded,
    PluginLied,
    PluginNotInstalled,
    PluginRefused,
    PluginTimedOut,
    RunFailed,
)
from minsheng.intake.host.limits import Limits
from minsheng.intake.host.registry import ChannelPlugin, PluginRegistry
from minsheng.intake.host.runs import ParseFailure, PluginHost

__all__ = [
    "ChannelPlugin",
    "HostError",
    "Limits",
    "NurseryLost",
    "ParseFailure",
    "PluginCrashed",
    "PluginFlooded",
    "PluginHost",
    "PluginLied",
    "PluginNotInstalled",
    "PluginRefused",
    "PluginRegistry",
    "PluginTimedOut",
    "RunFailed",
]
