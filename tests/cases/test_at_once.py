"""Two workers take in the two halves of a pair at the same moment: one case, never two."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from minsheng.cases.matching import MatchMaker
from minsheng.intake.service import MATCH
from minsheng.runtime.work import claim_work

LEASE = timedelta(minutes=5)
ROUNDS = 1000


def message(at: int, half: int) -> dict[str, Any]:
    """Half of a pair: one citizen's one matter, told word for word by two roads."""
    return {
        "channel": ("letters", "board")[half], "external_id": f"{at}",
        "subject": f"{at}号院的下水道堵了", "citizen": {"name": "赵先生", "phone": f"139{at:08d}"},
        "body": f"和平路{at}号院的下水道堵了三天，污水漫到门口，物业不管，请派人疏通。",
        "received_at": f"2026-11-{10 + half}T09:00:00+08:00",
    }  # fmt: skip


def match_at_once(process: Any, tenant_id: int) -> list[BaseException]:
    """Give each of two workers one of the waiting messages at the same moment; what went wrong."""
    tools, faults = process.tools, []
    with tools.database.session(tenant_id) as session:
        claims = claim_work(session, MATCH, tools.clock.now(), LEASE, limit=2)
    ready = threading.Barrier(len(claims))

    def work(claim: Any) -> None:
        ready.wait()
        try:
            MatchMaker(tools, LEASE).work([claim])
        except BaseException as fault:  # noqa: BLE001  a thread's fault is told by the test
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(claim,)) for claim in claims]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claims) == 2
    return faults


@pytest.fixture
def desk(api: Any) -> Any:
    for code, name in (("letters", "信箱"), ("board", "留言板")):
        plugin = "mailbox" if code == "letters" else "leaders_board"
        api.post("/channels", {"code": code, "plugin": plugin, "name": name, "pushed": True})
    return api


def test_two_halves_matched_at_once_become_one_case(desk: Any, process: Any, scaled: Any) -> None:
    for at in range(scaled(ROUNDS, 25)):
        halves = [message(at, half) for half in (0, 1)]
        for half in halves:
            desk.post("/messages", half)
        assert match_at_once(process, desk.tenant_id) == []
        shown = {desk.post("/messages", half).json["case"] for half in halves}
        assert len(shown) == 1, at
        assert len(desk.get(f"/cases/{shown.pop()}").json["messages"]) == 2


def test_two_matters_matched_at_once_stay_two(desk: Any, process: Any) -> None:
    one, other = message(1, 0), message(2, 1)
    for each in (one, other):
        desk.post("/messages", each)
    assert match_at_once(process, desk.tenant_id) == []
    cases = {desk.post("/messages", each).json["case"] for each in (one, other)}
    assert len(cases) == 2
