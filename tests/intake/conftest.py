"""What the tests of the plugin host share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from minsheng.intake.host import Limits, PluginHost

HOSTILE = Path(__file__).parent / "hostile"
SOURCES = {path.stem: f"path:{path}" for path in HOSTILE.glob("*.py")}

# Generous beside what an honest step takes on a busy machine, short beside a test's patience.
SHORT = Limits(
    memory_bytes=256 << 20, item_seconds=10, page_seconds=20, call_seconds=20, cpu_seconds=5
)


@pytest.fixture
def make_host() -> Iterator[Callable[..., PluginHost]]:
    """Make hosts whose plugins are the modules of the folder ``hostile``; closed at the end."""
    with ExitStack() as stack:

        def make(clock: Callable[[], float] | None = None, **limits: Any) -> PluginHost:
            extra = {} if clock is None else {"clock": clock}
            return stack.enter_context(PluginHost(replace(SHORT, **limits), SOURCES, **extra))

        yield make


@pytest.fixture(scope="module")
def host() -> Iterator[PluginHost]:
    """A host with short limits, shared by a module: what one run does must not reach the next."""
    with PluginHost(SHORT, SOURCES) as shared:
        yield shared
