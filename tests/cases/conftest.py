"""A desk with a pushed channel, and what became of what was posted to it."""

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

LIFT = "槐河家园3号楼2单元的电梯停运已经一个星期，老人上下楼非常不方便，物业一直不修，请督促维修。"


@dataclass
class Desk:
    """One office by its API: ``post`` takes messages in and gives the numbers of their cases."""

    api: Any
    settle: Callable[[int], None]
    numbers: Any = field(default_factory=itertools.count)

    def message(self, body: str = LIFT, phone: str = "", name: str = "", **more: Any) -> Any:
        """A message as it is posted; its mark is new unless ``external_id`` is given."""
        return {
            "channel": "web", "external_id": f"m-{next(self.numbers)}", "subject": body[:12],
            "body": body, "received_at": "2026-11-19T09:00:00+08:00",
            "citizen": {"name": name, "phone": phone},
        } | more  # fmt: skip

    def post(self, *messages: Any) -> list[str]:
        """Post and match; the number of each message's case."""
        for each in messages:
            answer = self.api.post("/messages", each)
            assert answer.status_code in (200, 201), answer.text
        self.settle(self.api.tenant_id)
        return [str(self.taken(each)["case"]) for each in messages]

    def send(self, *given: Any, **more: Any) -> str:
        """Post one message; the number of its case."""
        return self.post(self.message(*given, **more))[0]

    def taken(self, message: Any) -> Any:
        """What the API says of a message that was posted before."""
        return self.api.post("/messages", message).json

    def hints(self, number: str) -> list[Any]:
        """What may be the same matter as a case, or is related."""
        found: list[Any] = self.api.get(f"/cases/{number}/similar").json["items"]
        return found


@pytest.fixture
def desk(api: Any, settle: Callable[[int], None]) -> Desk:
    """A county with one pushed channel."""
    return new_desk(api, settle)


@pytest.fixture
def desk_of(api_of: Any, settle: Callable[[int], None]) -> Callable[[int], Desk]:
    """``desk_of(tenant_id)``: a desk with one pushed channel in an office that exists."""
    return lambda tenant_id: new_desk(api_of(tenant_id), settle)


def new_desk(api: Any, settle: Callable[[int], None]) -> Desk:
    """Give an office its channel."""
    new = {"code": "web", "plugin": "mailbox", "name": "网页", "pushed": True}
    assert api.post("/channels", new).status_code == 201
    return Desk(api, settle)


@pytest.fixture
def mark() -> str:
    """A word that stands nowhere else, without digits, which the matcher would take for facts."""
    return uuid.uuid4().hex[:10].translate(str.maketrans("0123456789", "ghijklmnop"))
