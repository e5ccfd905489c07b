"""The mail server of the demo and the conformance kit: IMAP out of memory, SMTP into memory."""

import asyncio
import re
import threading
from collections.abc import Sequence
from contextlib import suppress

from aiosmtpd.smtp import SMTP, Envelope, Session

from minsheng_mailbox import body, fields, mime
from minsheng_mailbox.loopback_imap import Faults, Folder, Server
from minsheng_mailbox.loopback_mail import OFFICE_ADDRESS, letter
from minsheng_mailbox.parse import thread
from minsheng_sdk import Citizen, Fault, OutgoingReply, SampleMessage, Settings

USERNAME = OFFICE_ADDRESS
PASSWORD = "loopback"  # noqa: S105 - opens nothing but this server on this machine
UIDVALIDITY = 20_240_101
_START_SECONDS = 10.0

_SMTP_REFUSALS: dict[str, str] = {
    "refuse": "451 4.3.0 the store is down for a moment",
    "throttle": "450 4.7.1 too many letters, come back later",
    "garbage": "\x16\x03 what",
    "empty": "",
}


class MailLoopback:
    """A Loopback: letters put here are pulled by IMAP, answers sent here are kept.

    UIDVALIDITY is a constant and UIDs follow the order of ``put``, so that the same samples after a
    restart are the same arrivals. A sample put again unchanged is not stored again; an edited one
    arrives as a new mail with the Message-ID of the first, as when a citizen sends a corrected
    letter, because a mail under a UID never changes.

    Faults: ``refuse`` NO [UNAVAILABLE] or 451; ``drop`` an answer cut in the middle (SMTP: the
    letter is taken, the answer never comes); ``empty`` OK without data; ``throttle`` NO [LIMIT] or
    450; ``garbage`` a line of no protocol; ``deny`` NO [AUTHENTICATIONFAILED] or 535.
    """

    def __init__(self) -> None:
        self.folder = Folder("INBOX", UIDVALIDITY)
        self._faults = Faults()
        self._known: dict[str, bytes] = {}
        self._imap: Server | None = None
        self._smtp: _SmtpSink | None = None
        self._replies: list[OutgoingReply] = []
        self._mails: list[bytes] = []

    def start(self, port: int = 0) -> None:
        """Listen for IMAP on ``port`` and for SMTP on any free port of 127.0.0.1."""
        self._imap = Server(port, self.folder, self._faults, (USERNAME, PASSWORD))
        threading.Thread(
            target=self._imap.serve_forever, args=(0.05,), name="loopback-imap", daemon=True
        ).start()
        self._smtp = _SmtpSink(self._faults, self._replies, self._mails)

    def stop(self) -> None:
        """Close both servers and every open connection."""
        if self._imap is not None:
            self._imap.shutdown()
            self._imap.hang_up()
            self._imap.server_close()
        if self._smtp is not None:
            self._smtp.stop()
        self._imap = self._smtp = None

    @property
    def settings(self) -> Settings:
        """The settings that reach this server; raises RuntimeError before ``start``."""
        if self._imap is None or self._smtp is None:
            message = "the loopback server is not running, call start first"
            raise RuntimeError(message)
        return {
            "host": "127.0.0.1",
            "port": int(self._imap.server_address[1]),
            "security": "none",
            "username": USERNAME,
            "password": PASSWORD,
            "folder": self.folder.name,
            "smtp_host": "127.0.0.1",
            "smtp_port": self._smtp.port,
            "smtp_security": "none",
            "from_address": OFFICE_ADDRESS,
        }

    def put(self, messages: Sequence[SampleMessage]) -> None:
        """Let letters arrive in the folder, each in a form chosen by its ``sample_id``."""
        for sample in messages:
            raw = letter(sample)
            if self._known.get(sample.sample_id) != raw:
                self._known[sample.sample_id] = raw
                self.folder.add(raw)

    def fail_next(self, fault: Fault, after: int = 0) -> None:
        """Misbehave once; CAPABILITY and LOGOUT neither count nor fail."""
        self._faults.order(fault, after)

    def delivered(self) -> list[OutgoingReply]:
        """Return the answers that arrived by SMTP, read back from their bytes."""
        return list(self._replies)

    def mails(self) -> list[bytes]:
        """Return the mails that arrived by SMTP, byte by byte."""
        return list(self._mails)

    @property
    def requests(self) -> int:
        """How many IMAP commands and SMTP letters were answered."""
        return self._faults.requests


class _SmtpSink:
    """aiosmtpd on an event loop in a thread of its own."""

    def __init__(self, faults: Faults, replies: list[OutgoingReply], mails: list[bytes]) -> None:
        self._loop = asyncio.new_event_loop()
        self._handler = _Handler(faults, replies, mails)
        self._thread = threading.Thread(target=self._run, name="loopback-smtp", daemon=True)
        self._thread.start()
        ready = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        self.port = ready.result(_START_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    async def _listen(self) -> int:
        self._server = await self._loop.create_server(
            lambda: SMTP(self._handler, hostname="loopback", loop=self._loop), "127.0.0.1", 0
        )
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(_START_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_SECONDS)

    async def _close(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*others, return_exceptions=True)


class _Handler:
    """The hooks of aiosmtpd; a fault ordered for a letter is answered at DATA, ``deny`` at MAIL."""

    def __init__(self, faults: Faults, replies: list[OutgoingReply], mails: list[bytes]) -> None:
        self._faults = faults
        self._replies = replies
        self._mails = mails
        self._due: dict[int, Fault | None] = {}

    async def handle_MAIL(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the sender, and look up the fault that is due for this letter."""
        fault = self._faults.answer()
        if fault == "deny":
            return "535 5.7.8 not known here"
        self._due[id(session)] = fault
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep the letter and confirm it, or misbehave as ordered."""
        fault = self._due.pop(id(session), None)
        if fault in {"refuse", "throttle"}:
            return _SMTP_REFUSALS[fault]
        content = envelope.content
        raw = content.encode("utf-8", "replace") if isinstance(content, str) else content or b""
        self._mails.append(raw)
        self._replies.append(_read_back(raw, envelope.rcpt_tos))
        if fault == "drop" and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return _SMTP_REFUSALS.get(fault or "", "250 2.0.0 taken in charge")


def _read_back(raw: bytes, recipients: Sequence[str]) -> OutgoingReply:
    headers, parts = mime.read(raw)
    sender = fields.mailboxes(headers.raw("from"))
    reader = fields.mailboxes(headers.raw("to"))
    name = fields.message_id(headers.raw("message-id"))
    answered = fields.message_id(headers.raw("in-reply-to"))
    return OutgoingReply(
        delivery_key=re.sub(r"^<|@[^@]*>$", "", name),
        external_id=answered,
        subject=headers.text("subject"),
        text=body.read(raw, parts).text,
        office=sender[0].name if sender else "",
        citizen=Citizen(name=reader[0].name if reader else "", email=next(iter(recipients), "")),
        thread=tuple(known for known in thread(headers) if known != answered),
    )
