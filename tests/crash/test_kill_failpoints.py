"""The process ends at every named place of the road, once: nothing is lost or taken in twice.

At full counts each place gets a service of its own; otherwise one service meets them all, each
process that dies being started again. What a raised failure leaves is tried place by place, in one
process and on a set clock, so that no patience has to be waited for.
"""

import base64
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from minsheng.accounts.service import create_client
from minsheng.audit import SYSTEM
from minsheng.faces.app import create_app
from minsheng.faces.process import make_runner
from minsheng.runtime.clock import SetClock
from minsheng.runtime.failpoints import ROAD, FailpointReached, Failpoints, arm
from minsheng.runtime.settings import Settings
from minsheng.runtime.work import list_waiting

WEB = tuple(name for name in ROAD if name.startswith("push."))
WORKER = tuple(name for name in ROAD if name not in WEB)
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
SAID = {
    "channel": "api",
    "external_id": "A00000",
    "subject": "样本A00000 路灯不亮",
    "body": "槐树街3号院路灯不亮",
    "received_at": "2026-11-20T12:00:00+08:00",
}


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    arm(Failpoints())


def armed(names: Sequence[str], effect: str) -> str:
    return ",".join(f"{name}={effect}" for name in names)


def test_killed_at_every_place_of_the_worker_nothing_is_lost_or_taken_twice(
    rig: Callable[..., Any], deal: Callable[[int], dict[str, list[Any]]], killed_at: Sequence[str]
) -> None:
    service = rig("hotline_12345")
    dealt = deal(60)
    service.arrive("hotline_12345", dealt["hotline_12345"])
    service.arrive("api", dealt["api"])
    service.start(failpoints=armed(killed_at, "kill"))
    service.finish(400, service.keep_up)
    assert service.reached() == set(killed_at), "each place was passed and killed its process"
    service.told_once()
    service.stop()


def test_killed_while_a_message_is_posted_the_client_posts_again_and_it_is_one(
    rig: Callable[..., Any], eventually: Callable[..., None]
) -> None:
    service = rig()
    basic = {"Authorization": f"Basic {credentials(service)}"}
    port = free_port()
    service.environment |= {"MINSHENG_PORT": str(port), "MINSHENG_WEB_WORKERS": "1"}
    service.start(failpoints=armed(WEB, "kill"), arguments=("serve",))
    tries: list[Any] = []

    def answered() -> bool:
        # A web server whose workers die twice at once gives up, and is started again like others.
        service.keep_up()
        with suppress(requests.ConnectionError):
            token = post(port, "/oauth/token", basic, data={"grant_type": "client_credentials"})
            bearer = {"Authorization": f"Bearer {token.json()['access_token']}"}
            tries.append(None)
            tries[-1] = post(port, "/api/v1/messages", bearer, json=SAID)
        return bool(tries) and tries[-1] is not None

    eventually(answered, 300, "the post is answered")
    assert service.reached() == set(WEB)
    *broken, answer = tries
    assert broken == [None] * len(WEB), "each place broke one connection"
    assert (answer.status_code, answer.json()["created"]) == (200, False)
    assert service.messages() == 1
    assert service.scalar("select count(*) from inbox where tenant_id = :tenant") == 1
    service.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def post(port: int, path: str, headers: dict[str, str], **said: Any) -> requests.Response:
    return requests.post(f"http://127.0.0.1:{port}{path}", headers=headers, timeout=60, **said)


def credentials(service: Any) -> str:
    with service.process.tools.database.session(service.tenant_id) as session:
        client = create_client(session, service.process.tools, SYSTEM, "网关", ["messages:write"])
    return base64.b64encode(f"{client.client_id}:{client.secret}".encode()).decode()


def raise_at(service: Any, name: str) -> None:
    values = service.environment | {"MINSHENG_FAILPOINTS": f"{name}=raise"}
    arm(Failpoints.from_settings(Settings.from_environ(values)))


@pytest.mark.parametrize("name", WORKER)
def test_a_failure_at_a_place_of_the_worker_is_made_up_for(
    rig: Callable[..., Any], deal: Callable[[int], dict[str, list[Any]]], name: str
) -> None:
    clock = SetClock(NOON)
    service = rig("hotline_12345", clock=clock)
    dealt = deal(24)
    service.arrive("hotline_12345", dealt["hotline_12345"])
    service.arrive("api", dealt["api"])
    raise_at(service, name)
    for _ in range(6):
        done = service.done()
        work_off(service)
        clock.move(timedelta(hours=2))
        if done:
            break  # After all is done its sources were asked once more.
    assert service.reached() == {name}
    service.told_once()


def work_off(service: Any) -> None:
    """Answer every bell that a sweep would ring, as a job process does."""
    tools, runner = service.process.tools, make_runner(service.process)
    for _ in range(4):
        with tools.database.work_session() as session:
            waiting = list_waiting(session, tools.clock.now())
        for row in waiting:
            try:
                runner.answer(row.tenant_id, row.kind)
            except FailpointReached as error:
                sys.stdout.write(f"the job failed: {error}\n")


@pytest.fixture
def http(rig: Callable[..., Any]) -> tuple[Any, FlaskClient, dict[str, str]]:
    """A service, its API and the header that opens it."""
    service = rig()
    client = create_app(service.process).test_client()
    basic = {"Authorization": f"Basic {credentials(service)}"}
    answer = client.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=basic)
    return service, client, {"Authorization": f"Bearer {answer.json['access_token']}"}


@pytest.mark.parametrize("name", WEB)
def test_a_post_that_failed_anywhere_is_one_message_when_posted_again(
    http: tuple[Any, FlaskClient, dict[str, str]], name: str
) -> None:
    service, client, bearer = http
    raise_at(service, name)
    first = client.post("/api/v1/messages", json=SAID, headers=bearer)
    assert first.status_code == 500
    assert service.reached() == {name}
    committed = service.messages()
    assert committed == (1 if name == "push.after_commit" else 0)
    second = client.post("/api/v1/messages", json=SAID, headers=bearer)
    assert second.status_code == (200 if committed else 201)
    assert second.json["created"] is not bool(committed)
    batch = client.post("/api/v1/messages/batch", json={"messages": [SAID, SAID]}, headers=bearer)
    told = [result["message"] for result in batch.json["results"]]
    assert [(each["created"], each["differs"]) for each in told] == [(False, False)] * 2
    assert {each["id"] for each in told} == {second.json["id"]}
    assert service.messages() == 1


def test_a_batch_whose_answer_was_lost_is_taken_in_once(
    http: tuple[Any, FlaskClient, dict[str, str]],
) -> None:
    """The commit is ambiguous for the client: it went through and the answer did not."""
    service, client, bearer = http
    batch = {"messages": [SAID | {"external_id": f"A{n}"} for n in range(20)]}
    raise_at(service, "push.after_commit")
    assert client.post("/api/v1/messages/batch", json=batch, headers=bearer).status_code == 500
    again = client.post("/api/v1/messages/batch", json=batch, headers=bearer).json["results"]
    assert {result["status"] for result in again} == {200}
    assert not any(result["message"]["created"] for result in again)
    assert service.messages() == 20
