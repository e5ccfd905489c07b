"""The offices' data keys: made once, stored wrapped, opened once a process."""

import threading
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from minsheng.runtime.crypto import FieldCipher, MasterKey
from minsheng.runtime.database import Database
from minsheng_tenants import Base, TenantTable


class TenantKey(TenantTable, Base):
    """The wrapped data key of an office."""

    __tablename__ = "tenant_keys"

    wrapped: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Keyring:
    """Gives the cipher of an office, making its key in a transaction of its own at first use.

    The key is committed before anything is sealed with it: were it made in the caller's
    transaction, a rollback would leave a cipher in memory whose key nobody has.
    """

    def __init__(self, master: MasterKey, database: Database) -> None:
        """``master`` wraps the keys that ``database`` holds."""
        self._master = master
        self._database = database
        self._ciphers: dict[int, FieldCipher] = {}
        self._lock = threading.Lock()

    def cipher(self, tenant_id: int) -> FieldCipher:
        """The office's cipher; raises SealBroken when the master key is another one."""
        with self._lock:
            known = self._ciphers.get(tenant_id)
            if known is None:
                known = self._master.unwrap(tenant_id, self._wrapped(tenant_id))
                self._ciphers[tenant_id] = known
            return known

    def _wrapped(self, tenant_id: int) -> bytes:
        with self._database.session(tenant_id) as session:
            wrapped = session.scalar(select(TenantKey.wrapped))
        if wrapped is not None:
            return bytes(wrapped)
        fresh = self._master.new_wrapped_key(tenant_id)
        with self._database.session(tenant_id) as session:
            row = {"tenant_id": tenant_id, "wrapped": fresh}
            session.execute(insert(TenantKey).values(row).on_conflict_do_nothing())
            stored: bytes = session.scalars(select(TenantKey.wrapped)).one()
            return stored
