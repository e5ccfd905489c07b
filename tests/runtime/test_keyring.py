"""An office's key is made once, survives a rollback, and belongs to its office."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.runtime.crypto import FieldCipher, MasterKey, SealBroken
from minsheng.runtime.database import Database
from minsheng.runtime.keyring import Keyring

ROW = uuid.uuid4()
PLACE = "messages.citizen"


@pytest.fixture
def tenant_id(office: Callable[..., int]) -> int:
    return office()


def keys_of(database: Database, tenant_id: int) -> int:
    with database.session(tenant_id) as session:
        return session.scalar(text("select count(*) from tenant_keys")) or 0


def test_processes_at_once_make_one_key(
    database: Database, master: MasterKey, tenant_id: int
) -> None:
    rings = [Keyring(master, database) for _ in range(6)]
    ready = threading.Barrier(len(rings))

    def first_use(ring: Keyring) -> FieldCipher:
        ready.wait()
        return ring.cipher(tenant_id)

    with ThreadPoolExecutor(len(rings)) as pool:
        ciphers = list(pool.map(first_use, rings))
    sealed = ciphers[0].seal(PLACE, ROW, "李四")
    assert {cipher.open_text(PLACE, ROW, sealed) for cipher in ciphers} == {"李四"}
    assert keys_of(database, tenant_id) == 1


def test_a_key_stands_when_the_transaction_that_first_needed_it_is_rolled_back(
    database: Database, master: MasterKey, tenant_id: int
) -> None:
    ring = Keyring(master, database)
    with pytest.raises(RuntimeError):
        _seal_and_fail(database, ring, tenant_id)
    sealed = ring.cipher(tenant_id).seal(PLACE, ROW, "李四")
    assert Keyring(master, database).cipher(tenant_id).open_text(PLACE, ROW, sealed) == "李四"


def _seal_and_fail(database: Database, ring: Keyring, tenant_id: int) -> None:
    with database.session(tenant_id):
        ring.cipher(tenant_id).seal(PLACE, ROW, "李四")
        raise RuntimeError


def test_offices_have_keys_of_their_own(
    database: Database, master: MasterKey, office: Callable[..., int]
) -> None:
    ring = Keyring(master, database)
    one, other = ring.cipher(office()), ring.cipher(office())
    assert one.index("phone", "1") != other.index("phone", "1")
    with pytest.raises(SealBroken):
        other.open(PLACE, ROW, one.seal(PLACE, ROW, "李四"))


def test_another_master_key_opens_none(
    database: Database, master: MasterKey, tenant_id: int
) -> None:
    Keyring(master, database).cipher(tenant_id)
    with pytest.raises(SealBroken, match="master key"):
        Keyring(MasterKey(b"n" * 32), database).cipher(tenant_id)


def test_the_key_in_the_database_is_wrapped(
    database: Database, master: MasterKey, tenant_id: int
) -> None:
    Keyring(master, database).cipher(tenant_id)
    with database.session(tenant_id) as session:
        stored: Any = session.scalar(text("select wrapped from tenant_keys"))
    assert len(stored) == 1 + 12 + 32 + 16
