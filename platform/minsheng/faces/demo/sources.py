"""The sample sources: each plugin's own loopback server, holding the demo's messages."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from minsheng.faces.demo.state import DemoState
from minsheng.faces.demo_data import MessageSeed, load_messages
from minsheng.intake.host import PluginRegistry
from minsheng_sdk import Citizen, SampleMessage, Settings

OFFICES = ("130129", "130100")
"""The offices whose messages the demo holds."""


@dataclass(frozen=True, slots=True)
class Source:
    """A running loopback server: for which office and plugin, and how a channel reaches it."""

    office: str
    plugin: str
    settings: Settings
    messages: int


@contextmanager
def sample_sources(registry: PluginRegistry, state: DemoState) -> Iterator[list[Source]]:
    """Start a loopback server for each office and plugin that has messages; stop them at the end.

    Ports and message times are those of the first run, so that what was pulled before is known.
    """
    with ExitStack() as stack:
        yield [
            _start(stack, registry, state, office, plugin, seeds)
            for office in OFFICES
            for plugin, seeds in _by_plugin(load_messages(office, state.base)).items()
        ]


def _by_plugin(seeds: list[MessageSeed]) -> dict[str, list[MessageSeed]]:
    plugins = dict.fromkeys(sorted(seed.channel for seed in seeds))
    return {plugin: [seed for seed in seeds if seed.channel == plugin] for plugin in plugins}


def _start(
    stack: ExitStack,
    registry: PluginRegistry,
    state: DemoState,
    office: str,
    plugin: str,
    seeds: list[MessageSeed],
) -> Source:
    server = registry.get(plugin).loopback()
    server.start(state.ports.get(f"{office}/{plugin}", 0))
    stack.callback(server.stop)
    server.put([_sample(seed) for seed in seeds])
    state.ports[f"{office}/{plugin}"] = _port(server.settings)
    return Source(office, plugin, server.settings, len(seeds))


def _port(settings: Settings) -> int:
    """The port among the settings: one of its own, or the one in an address."""
    own = settings.get("port")
    if isinstance(own, int):
        return own
    found = re.search(r"127\.0\.0\.1:(\d+)", " ".join(str(value) for value in settings.values()))
    return int(found.group(1)) if found else 0


def _sample(seed: MessageSeed) -> SampleMessage:
    return SampleMessage(
        sample_id=seed.id,
        subject=seed.subject,
        body=seed.body,
        received_at=seed.received_at,
        region=seed.region,
        addressee=seed.addressee,
        kind=seed.kind,
        domain=seed.domain,
        citizen=Citizen(seed.citizen.name, seed.citizen.phone, seed.citizen.email),
    )
