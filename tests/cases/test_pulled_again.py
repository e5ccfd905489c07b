"""What was taken apart stays apart when every source is pulled again from its beginning.

The channels' own plugins fetch it, in their own processes, from sources that enter each message
anew; then every matcher runs that there is.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import SYSTEM
from minsheng.faces.process import KINDS, Process, make_runner
from minsheng.intake.service import NewChannel, add_channel, pull_now
from minsheng_sdk import Citizen, Loopback, SampleMessage

PLUGINS = ("hotline_12345", "leaders_board")
LIFT = SampleMessage(
    "lift", "电梯停运", "槐河家园3号楼2单元的电梯停运已经一个星期，老人上下楼不便，请督促维修。",
    datetime(2026, 11, 19, 1, 0, tzinfo=UTC), region="赞皇县",
    citizen=Citizen("李明", "13800131111"),
)  # fmt: skip


@pytest.fixture
def sources(api: Any, process: Process) -> Iterator[dict[str, Loopback]]:
    """Two sources that hold one citizen's one matter, each behind a channel of the office."""
    with ExitStack() as stack:
        started = {}
        for plugin in PLUGINS:
            started[plugin] = process.registry.get(plugin).loopback()
            started[plugin].start()
            stack.callback(started[plugin].stop)
            new = NewChannel(plugin.replace("_", "-"), plugin, "来源", started[plugin].settings)
            with process.tools.database.session(api.tenant_id) as session:
                add_channel(session, process.tools, process.registry, SYSTEM, new)
        yield started


def pull_all(process: Process, tenant_id: int, sources: dict[str, Loopback]) -> None:
    """Let the sources enter everything anew, forget the cursors, pull, and do all that is due."""
    runner = make_runner(process)
    for plugin, source in sources.items():
        source.put([LIFT])
        with process.tools.database.session(tenant_id) as session:
            session.execute(text("update channels set cursor = null"))
            pull_now(session, process.tools, SYSTEM, plugin.replace("_", "-"))
    for kind in ("pull", "parse", "match", *(kind for kind in KINDS if kind != "deliver")):
        runner.answer(tenant_id, kind)


def test_after_unmerge_every_plugin_pulls_again_and_every_matcher_suggests_nothing(
    api: Any, process: Process, sources: dict[str, Loopback]
) -> None:
    pull_all(process, api.tenant_id, sources)
    (joined,) = api.get("/cases").json["items"]
    messages = api.get(f"/cases/{joined['number']}").json["messages"]
    assert len({each["channel"] for each in messages}) == len(messages) == 2
    apart = api.post(f"/cases/{joined['number']}/split", {"messages": [messages[1]["id"]]})
    assert apart.status_code == 200
    for _ in range(2):
        pull_all(process, api.tenant_id, sources)
        cases = api.get("/cases").json["items"]
        held = [
            {each["channel"] for each in api.get(f"/cases/{case['number']}").json["messages"]}
            for case in cases
        ]
        assert sorted(map(len, held)) == [1, 1]
        assert held[0] != held[1]
        assert api.get("/cases", view="review").json["items"] == []
        for case in cases:
            said = api.get(f"/cases/{case['number']}/similar").json["items"]
            assert [each for each in said if each.get("state", "open") == "open"] == []


def test_without_a_word_of_a_person_the_same_stays_joined(
    api: Any, process: Process, sources: dict[str, Loopback]
) -> None:
    for _ in range(2):
        pull_all(process, api.tenant_id, sources)
        (joined,) = api.get("/cases").json["items"]
        assert joined["message_count"] >= 2
