"""PostgreSQL and Valkey from installed wheels, for a machine that has neither.

``start_servers(home, log)`` starts both under one owner. Everything lies below the home:
``secrets.json`` and ``ports.json`` (0600), ``postgres/``, ``valkey/``, ``logs/`` and, as root,
``programs/``, a copy that the OS user ``minsheng`` may read. Another process of the service needs
no ``Servers``: ``app_url(home)`` and its like give the addresses.
"""

from minsheng.runtime.embedded.credentials import (
    admin_url,
    app_url,
    load_passwords,
    operator_url,
    redis_url,
    worker_url,
)
from minsheng.runtime.embedded.errors import (
    CredentialsUnfit,
    DataVersionMismatch,
    DiskFull,
    EmbeddedServerFailed,
    HomeTaken,
    HomeUnreachable,
    LocaleUnfit,
    OsUserMissing,
    PortTaken,
    ProgramsMissing,
    ServerDied,
    ServerSilent,
)
from minsheng.runtime.embedded.servers import Servers, start_servers

__all__ = [
    "CredentialsUnfit",
    "DataVersionMismatch",
    "DiskFull",
    "EmbeddedServerFailed",
    "HomeTaken",
    "HomeUnreachable",
    "LocaleUnfit",
    "OsUserMissing",
    "PortTaken",
    "ProgramsMissing",
    "ServerDied",
    "ServerSilent",
    "Servers",
    "admin_url",
    "app_url",
    "load_passwords",
    "operator_url",
    "redis_url",
    "start_servers",
    "worker_url",
]
