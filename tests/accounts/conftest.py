"""People of an office, and what the audit trail says of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text
from sqlalchemy.orm import Session

from minsheng.accounts.models import User
from minsheng.accounts.service import NewUser, plant_user
from minsheng.audit import SYSTEM, Tools


@dataclass
class Desk:
    """One office with its tools, for tests that let people in."""

    tools: Tools
    tenant_id: int
    password: str = "春风十里不如你的回复"
    origin: str = "127.0.0.1"

    @contextmanager
    def session(self) -> Iterator[Session]:
        with self.tools.database.session(self.tenant_id) as session:
            yield session

    def new(self, username: str = "li.si", role: str = "handler", **changed: str) -> NewUser:
        said = {"name": "李四", "password": self.password, **changed}
        return NewUser(username=username, roles=(role,), **said)

    def user(self, username: str = "li.si", role: str = "handler") -> User:
        with self.tools.database.operator_session(self.tenant_id) as session:
            return plant_user(session, self.tools, SYSTEM, self.new(username, role))

    def weak_hash(self) -> str:
        """The password hashed as an older release might have."""
        return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(self.password)

    def audit(self) -> list[tuple[str, str, str]]:
        """(actor, action, result) of the office's entries, oldest first."""
        return [(row.actor, row.action, row.result) for row in self.entries()]

    def entries(self) -> list[Any]:
        said = text("select * from audit_entries where tenant_id = :id order by id")
        with self.tools.database.owner_session() as session:
            return list(session.execute(said, {"id": self.tenant_id}))


@pytest.fixture
def desk(tools: Tools, office: Callable[..., int]) -> Desk:
    return Desk(tools, office())


@pytest.fixture
def other_desk(tools: Tools, office: Callable[..., int]) -> Desk:
    return Desk(tools, office())
