"""A real dovecot, a real SMTP sink and the plugin's own loopback server, each on a free port."""

import asyncio
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from imapclient import IMAPClient

from minsheng_mailbox.loopback import MailLoopback
from minsheng_sdk import Citizen, OutgoingReply, Settings

PASSWORD = 'a "quoted" \\ secret'
ACCOUNTS = itertools.count(1)

DOVECOT = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
listen = 127.0.0.1
protocols = imap
ssl = no
disable_plaintext_auth = no
mail_fsync = never
auth_mechanisms = plain login
mail_location = maildir:{home}/mail/%u
first_valid_uid = 1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_uid = {user}
mail_gid = {group}
mail_max_userip_connections = 100
passdb {{
  driver = passwd-file
  args = {home}/passwd
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
auth_failure_delay = 0
"""


@pytest.fixture(scope="session")
def scale() -> Callable[[int], int]:
    """Turn a count of the plain run into that of this run (MINSHENG_SCALE is 10 in a proof)."""
    factor = float(os.environ.get("MINSHENG_SCALE", "1"))
    return lambda count: max(1, int(count * factor))


@dataclass
class OverImap:
    """Another client on the same folder: fills it and disturbs it from outside."""

    settings: dict[str, Any]

    @property
    def folder(self) -> str:
        return str(self.settings["folder"])

    def client(self, folder: str = "") -> IMAPClient:
        client = IMAPClient(self.settings["host"], self.settings["port"], ssl=False, timeout=30)
        # Otherwise each APPEND waits 40 ms for the kernel to join its small packets.
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.login(self.settings["username"], self.settings["password"])
        if folder:
            client.select_folder(folder)
        return client

    def append(self, *mails: bytes) -> None:
        with self.client() as client:
            for raw in mails:
                client.append(self.folder, raw)

    def delete(self, *uids: int) -> None:
        with self.client(self.folder) as client:
            client.add_flags(list(uids), [b"\\Deleted"], silent=True)
            client.expunge()

    def seen(self) -> set[int]:
        with self.client(self.folder) as client:
            answer = client.fetch(client.search(["UID", "1:*"]), ["FLAGS"])
        return {uid for uid, data in answer.items() if b"\\Seen" in data[b"FLAGS"]}


class DovecotSource(OverImap):
    """One account of the real server, with a folder of its own."""

    def renumber(self) -> None:
        """Lose the folder and restore its mails: dovecot gives a new UIDVALIDITY."""
        with self.client(self.folder) as client:
            uids = client.search(["UID", "1:*"])
            answer = client.fetch(uids, ["BODY.PEEK[]"])
            client.unselect_folder()
            client.delete_folder(self.folder)
            client.create_folder(self.folder)
        self.append(*(answer[uid][b"BODY[]"] for uid in uids))


class LoopbackSource(OverImap):
    """The plugin's own server under the same disturbances."""

    def __init__(self, server: MailLoopback) -> None:
        super().__init__(dict(server.settings))
        self.server = server

    def renumber(self) -> None:
        self.server.folder.renumber()


Source = DovecotSource | LoopbackSource


@dataclass(frozen=True)
class Dovecot:
    home: Path
    port: int

    def account(self) -> DovecotSource:
        """Make a new account with an empty folder ``Letters``."""
        name = f"desk{next(ACCOUNTS)}@test.example"
        source = DovecotSource(
            {
                "host": "127.0.0.1",
                "port": self.port,
                "security": "none",
                "username": name,
                "password": PASSWORD,
                "folder": "Letters",
            }
        )
        with source.client() as client:
            client.create_folder("Letters")
        return source


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """Debian's dovecot on a free port with its own data, stopped afterwards."""
    binary = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if binary is None:
        pytest.fail("dovecot is missing: run make test, which installs dovecot-imapd")
    home = Path(tempfile.mkdtemp(prefix="minsheng-dovecot-"))
    port = _free_port()
    _configure(home, port)
    with (home / "console").open("wb") as console:
        process = subprocess.Popen(
            [binary, "-F", "-c", str(home / "dovecot.conf")], stdout=console, stderr=console
        )
    try:
        _await_greeting(port, process, home)
        yield Dovecot(home, port)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def _configure(home: Path, port: int) -> None:
    # Root must not own mail: dovecot refuses. An ordinary user runs all of it under its own name.
    user = "dovecot" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    entry = pwd.getpwnam(user)
    for name in ("run", "state", "mail"):
        (home / name).mkdir()
    # Written before the start: dovecot would read a changed file a second later only.
    accounts = [f"desk{number}@test.example:{{PLAIN}}{PASSWORD}\n" for number in range(1, 1000)]
    (home / "passwd").write_text("".join(accounts))
    home.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(home / "mail", entry.pw_uid, entry.pw_gid)
    text = DOVECOT.format(home=home, port=port, user=user, group=_group(entry.pw_gid))
    (home / "dovecot.conf").write_text(text)


def _group(gid: int) -> str:
    return next(name for name, number in _groups() if number == gid)


def _groups() -> Iterator[tuple[str, int]]:
    for line in Path("/etc/group").read_text().splitlines():
        name, _password, gid, _members = line.split(":")
        yield name, int(gid)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_greeting(port: int, process: "subprocess.Popen[bytes]", home: Path) -> None:
    for _attempt in range(1000):
        assert process.poll() is None, (home / "console").read_text()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as connection:
            assert connection.recv(5).startswith(b"* OK")
            return
        threading.Event().wait(0.01)
    pytest.fail(f"dovecot does not answer: {(home / 'console').read_text()}")


@pytest.fixture
def loopback() -> Iterator[MailLoopback]:
    server = MailLoopback()
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["dovecot", "loopback"])
def source(request: pytest.FixtureRequest) -> Source:
    """Each kind of IMAP server in turn."""
    if request.param == "dovecot":
        server: Dovecot = request.getfixturevalue("dovecot")
        return server.account()
    return LoopbackSource(request.getfixturevalue("loopback"))


@pytest.fixture
def letters() -> Callable[..., list[bytes]]:
    """Make small letters with CRLF lines, numbered, with or without Message-ID."""

    def make(count: int, *, ids: bool = True, size: int = 0) -> list[bytes]:
        made = []
        for number in range(1, count + 1):
            name = f"Message-ID: <letter-{number}@citizen.example>\r\n" if ids else ""
            head = f"From: c{number}@citizen.example\r\n{name}Subject: letter {number}\r\n\r\n"
            made.append(head.encode() + "路灯不亮\r\n".encode() + b"x" * size + b"\r\n")
        return made

    return make


@dataclass
class Sink:
    """A real SMTP server that keeps what it takes and refuses what it is told to."""

    port: int = 0
    taken: list[Envelope] = field(default_factory=list)
    refused_recipients: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return mail_settings(self.port)

    async def handle_RCPT(  # noqa: N802
        self, _server: object, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address in self.refused_recipients:
            return self.refused_recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: object, _session: object, envelope: Envelope
    ) -> str:
        self.taken.append(envelope)
        return "250 2.0.0 queued as A1"


def mail_settings(smtp_port: int) -> Settings:
    return {
        "host": "127.0.0.1",
        "port": 1,
        "security": "none",
        "username": "desk@county.example",
        "password": "pw",
        "smtp_host": "127.0.0.1",
        "smtp_port": smtp_port,
        "smtp_security": "none",
        "from_address": "desk@county.example",
        "timeout_s": 20,
    }


@pytest.fixture
def sink() -> Iterator[Sink]:
    """aiosmtpd on a loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    kept = Sink()

    async def listen() -> asyncio.Server:
        return await loop.create_server(
            lambda: SMTP(kept, hostname="sink", loop=loop), "127.0.0.1", 0
        )

    async def close(server: asyncio.Server) -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    kept.port = server.sockets[0].getsockname()[1]
    yield kept
    asyncio.run_coroutine_threadsafe(close(server), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def scripted() -> Iterator[Callable[..., int]]:
    """Start a peer that greets, then answers line by line from a script; give its port.

    ``None`` in the script closes the connection in place of an answer, and so does its end. After
    an answer of 354 the peer reads up to the final dot before it goes on. ``{tag}`` in an answer
    becomes the first word of what was asked (IMAP).
    """
    threads: list[threading.Thread] = []

    def start(greeting: bytes, *script: bytes | None) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=_play, args=(listener, greeting, script))
        threads.append(thread)
        thread.start()
        return int(listener.getsockname()[1])

    yield start
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def _play(listener: socket.socket, greeting: bytes, script: tuple[bytes | None, ...]) -> None:
    with listener:
        listener.settimeout(30)
        connection, _peer = listener.accept()
    with connection, connection.makefile("rwb") as stream, suppress(OSError):
        connection.settimeout(30)
        stream.write(greeting)
        stream.flush()
        for answer in script:
            asked = stream.readline().split() or [b"*"]
            if answer is None:
                return
            stream.write(answer.replace(b"{tag}", asked[0]))
            stream.flush()
            while answer.startswith(b"354") and stream.peek(1)[:1] != b".":
                stream.readline()


@pytest.fixture
def reply() -> OutgoingReply:
    """An answer to a letter that itself answered an earlier one."""
    return OutgoingReply(
        delivery_key="d-7f3a",
        external_id="<letter-2@citizen.example>",
        subject="反映路灯不亮",
        text="您好：\n路灯已修复。\n.此行以点开头\n",
        office="某县信访局",
        citizen=Citizen(name="王小明", email="wang@citizen.example"),
        thread=("<letter-1@citizen.example>",),
    )
