"""A small IMAP4rev1 server for 127.0.0.1: one account, one folder, real UIDs, and faults on order.

It speaks what a client needs that pulls letters (RFC 3501): CAPABILITY, LOGIN, SELECT, EXAMINE,
STATUS, UID SEARCH, UID FETCH, UID STORE, EXPUNGE, APPEND, NOOP, LOGOUT.
"""

import re
import socketserver
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar

from minsheng_sdk import Fault

_LITERAL = re.compile(rb"\{(\d{1,9})\+?\}\r?\n\Z")
_WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"|([^\s"]+)')
_PARTIAL = re.compile(rb"<0\.(\d+)>")
MAX_LINE = 1_000_000

REFUSALS: dict[Fault, bytes] = {
    "refuse": b"NO [UNAVAILABLE] the store is down for a moment",
    "throttle": b"NO [LIMIT] too many requests, come back later",
    "deny": b"NO [AUTHENTICATIONFAILED] not known here",
}


@dataclass(slots=True)
class Faults:
    """Faults on order, shared by the IMAP and the SMTP side; thread-safe."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: list[tuple[Fault, int]] = field(default_factory=list)
    requests: int = 0

    def order(self, fault: Fault, after: int) -> None:
        """Let ``fault`` happen once, after ``after`` more good requests."""
        with self.lock:
            self.waiting.append((fault, self.requests + after))

    def answer(self, *, with_data: bool = True) -> Fault | None:
        """Count one request; return the fault that is due, ``empty`` only where data would come."""
        with self.lock:
            self.requests += 1
            for number, (fault, threshold) in enumerate(self.waiting):
                if threshold < self.requests and (with_data or fault != "empty"):
                    del self.waiting[number]
                    return fault
        return None


@dataclass(slots=True)
class Mail:
    """One stored mail."""

    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Folder:
    """The one folder: its UIDVALIDITY and its mails by ascending UID; hold ``lock`` to touch it."""

    name: str
    validity: int
    mails: list[Mail] = field(default_factory=list)
    next_uid: int = 1
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, raw: bytes) -> int:
        """Store a mail and return its UID."""
        with self.lock:
            self.mails.append(Mail(self.next_uid, raw))
            self.next_uid += 1
            return self.next_uid - 1

    def renumber(self) -> None:
        """Do as a server that lost its numbering: a new UIDVALIDITY, UIDs from 1 again."""
        with self.lock:
            self.validity += 1
            for number, mail in enumerate(self.mails, start=1):
                mail.uid = number
            self.next_uid = len(self.mails) + 1

    def within(self, uid_set: bytes) -> list[tuple[int, Mail]]:
        """Return (sequence number, mail) for a UID set such as ``3,7:*``."""
        with self.lock:
            numbered = list(enumerate(self.mails, start=1))
            newest = self.mails[-1].uid if self.mails else 0
        wanted = [_range(item, newest) for item in uid_set.split(b",")]
        return [
            (number, mail)
            for number, mail in numbered
            if any(low <= mail.uid <= high for low, high in wanted)
        ]


def _range(item: bytes, newest: int) -> tuple[int, int]:
    ends = [newest if end == b"*" else int(end) for end in item.split(b":")]
    return min(ends), max(ends)


class Server(socketserver.ThreadingTCPServer):
    """Listens on 127.0.0.1; ``folder``, ``faults`` and the one account are its state."""

    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def __init__(self, port: int, folder: Folder, faults: Faults, account: tuple[str, str]) -> None:
        self.folder = folder
        self.faults = faults
        self.account = account
        self.sessions: set[Session] = set()
        super().__init__(("127.0.0.1", port), Session)

    def hang_up(self) -> None:
        """Close every open session."""
        for session in list(self.sessions):
            with suppress(OSError):
                session.request.shutdown(2)


class Hangup(Exception):
    """Ends one session."""


class Session(socketserver.StreamRequestHandler):
    """One client's session."""

    server: Server
    timeout = 120.0
    # An answer goes out whole; else the kernel holds its small packets back for 40 ms each.
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer commands until the client logs out or the connection ends."""
        self.server.sessions.add(self)
        self.selected = False
        self.readonly = True
        try:
            with suppress(Hangup, OSError, ValueError):
                self._say(b"* OK loopback ready")
                self.wfile.flush()
                while True:
                    self._one(*self._command())
        finally:
            self.server.sessions.discard(self)

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")

    def _command(self) -> tuple[bytes, list[bytes]]:
        """Read one command with its literals; return its tag and its words."""
        words: list[bytes] = []
        while True:
            line = self.rfile.readline(MAX_LINE)
            if not line:
                raise Hangup
            literal = _LITERAL.search(line)
            text = line[: literal.start()] if literal else line
            words += [quoted or bare for quoted, bare in _WORD.findall(text.strip())]
            if literal is None:
                return (words[0], words[1:]) if words else (b"*", [b"NOOP"])
            if not literal[0].rstrip().endswith(b"+}"):
                self._say(b"+ go ahead")
                self.wfile.flush()
            words.append(self.rfile.read(int(literal[1])))

    def _one(self, tag: bytes, words: list[bytes]) -> None:
        name = words[0].upper() if words else b""
        if name == b"UID":
            words = words[1:]
            name = b"UID " + words[0].upper()
        verb = self.VERBS.get(name)
        if verb is None:
            self._answer(tag, [], b"BAD no such command here", cut=False)
            return
        fault = None
        if name not in {b"CAPABILITY", b"LOGOUT"}:
            fault = self.server.faults.answer(with_data=name in {b"UID SEARCH", b"UID FETCH"})
        lines, result = verb(self, words[1:]) if fault is None else self._refuse(fault)
        self._answer(tag, lines, result, cut=fault == "drop")
        if name == b"LOGOUT":
            raise Hangup

    def _refuse(self, fault: Fault) -> tuple[list[bytes], bytes]:
        if fault == "garbage":
            return [b"\x16\x03\x01<html>502</html>"], b"garbage"
        if fault == "drop":
            return [b"* 1 FETCH (UID 1 BODY[] {4096}\r\nDate:"], b""
        return [], REFUSALS.get(fault, b"OK done")

    def _answer(self, tag: bytes, lines: list[bytes], result: bytes, *, cut: bool) -> None:
        for line in lines:
            self._say(line)
        if not cut:
            self._say(tag + b" " + result)
        self.wfile.flush()
        if cut:
            raise Hangup

    def _capability(self, _words: list[bytes]) -> tuple[list[bytes], bytes]:
        return [b"* CAPABILITY IMAP4rev1 UIDPLUS LITERAL+"], b"OK done"

    def _noop(self, _words: list[bytes]) -> tuple[list[bytes], bytes]:
        return [], b"OK done"

    def _logout(self, _words: list[bytes]) -> tuple[list[bytes], bytes]:
        return [b"* BYE see you"], b"OK done"

    def _login(self, words: list[bytes]) -> tuple[list[bytes], bytes]:
        given = tuple(re.sub(rb"\\(.)", rb"\1", word).decode() for word in words[:2])
        if given != self.server.account:
            return [], REFUSALS["deny"]
        return [], b"OK logged in"

    def _select(self, words: list[bytes]) -> tuple[list[bytes], bytes]:
        return self._open(words, readonly=False)

    def _examine(self, words: list[bytes]) -> tuple[list[bytes], bytes]:
        return self._open(words, readonly=True)

    def _open(self, words: list[bytes], *, readonly: bool) -> tuple[list[bytes], bytes]:
        folder = self.server.folder
        if words[:1] != [folder.name.encode()]:
            self.selected = False
            return [], b"NO [NONEXISTENT] no such folder"
        self.selected, self.readonly = True, readonly
        mode = b"READ-ONLY" if readonly else b"READ-WRITE"
        with folder.lock:
            lines = [
                b"* FLAGS (\\Seen \\Deleted \\Answered \\Flagged \\Draft)",
                f"* {len(folder.mails)} EXISTS".encode(),
                b"* 0 RECENT",
                f"* OK [UIDVALIDITY {folder.validity}] valid".encode(),
                f"* OK [UIDNEXT {folder.next_uid}] next".encode(),
            ]
        return lines, b"OK [" + mode + b"] opened"

    def _status(self, words: list[bytes]) -> tuple[list[bytes], bytes]:
        folder = self.server.folder
        if words[:1] != [folder.name.encode()]:
            return [], b"NO [NONEXISTENT] no such folder"
        with folder.lock:
            numbers = f"MESSAGES {len(folder.mails)} UIDNEXT {folder.next_uid}"
            line = f"* STATUS {folder.name} ({numbers} UIDVALIDITY {folder.validity})"
        return [line.encode()], b"OK done"

    def _search(self, words: list[bytes]) -> tuple[list[bytes], bytes]:
        if not self.selected or [word.upper() for word in words[:1]] not in ([b"UID"], [b"ALL"]):
            return [], b"BAD search by UID in an open folder"
        found = self.server.folder.within(words[1] if len(words) > 1 else b"1:*")
        uids = " ".join(str(mail.uid) for _number, mail in found)
        return [f"* SEARCH {uids}".rstrip().encode()], b"OK done"

    def _fetch(self, words: list[bytes]) -> tuple[list[bytes], bytes]:
        if not self.selected or len(words) < 2:
            return [], b"BAD open a folder first"
        items = b" ".join(words[1:]).upper()
        found = self.server.folder.within(words[0])
        return [_fetched(number, mail, items) for number, mail in found], b"OK done"

    def _store(self, words: list[bytes]) -> tuple[list[bytes], bytes]:
        if not self.selected or self.readonly:
            return [], b"NO [READ-ONLY] opened for reading only"
        flags = {flag.decode() for flag in b" ".join(words[2:]).strip(b"()").split()}
        for _number, mail in self.server.folder.within(words[0]):
            mail.flags = mail.flags - flags if words[1][:1] == b"-" else mail.flags | flags
        return [], b"OK done"

    def _expunge(self, _words: list[bytes]) -> tuple[list[bytes], bytes]:
        if not self.selected or self.readonly:
            return [], b"NO [READ-ONLY] opened for reading only"
        folder = self.server.folder
        with folder.lock:
            folder.mails = [mail for mail in folder.mails if "\\Deleted" not in mail.flags]
        return [], b"OK done"

    def _append(self, words: list[bytes]) -> tuple[list[bytes], bytes]:
        folder = self.server.folder
        if words[:1] != [folder.name.encode()]:
            return [], b"NO [TRYCREATE] no such folder"
        uid = folder.add(words[-1])
        return [], f"OK [APPENDUID {folder.validity} {uid}] stored".encode()

    VERBS: ClassVar[dict[bytes, Callable[..., tuple[list[bytes], bytes]]]] = {
        b"CAPABILITY": _capability,
        b"NOOP": _noop,
        b"LOGOUT": _logout,
        b"LOGIN": _login,
        b"SELECT": _select,
        b"EXAMINE": _examine,
        b"STATUS": _status,
        b"UID SEARCH": _search,
        b"UID FETCH": _fetch,
        b"UID STORE": _store,
        b"EXPUNGE": _expunge,
        b"APPEND": _append,
    }


def _fetched(number: int, mail: Mail, items: bytes) -> bytes:
    parts = [f"UID {mail.uid}".encode()]
    if b"FLAGS" in items:
        parts.append(b"FLAGS (" + " ".join(sorted(mail.flags)).encode() + b")")
    if b"RFC822.SIZE" in items:
        parts.append(f"RFC822.SIZE {len(mail.raw)}".encode())
    if b"BODY.PEEK[HEADER]" in items:
        header = mail.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        partial = _PARTIAL.search(items)
        name = b"BODY[HEADER]<0>" if partial else b"BODY[HEADER]"
        parts.append(_literal(name, header[: int(partial[1])] if partial else header))
    if b"BODY.PEEK[]" in items:
        parts.append(_literal(b"BODY[]", mail.raw))
    return f"* {number} FETCH (".encode() + b" ".join(parts) + b")"


def _literal(name: bytes, data: bytes) -> bytes:
    return name + f" {{{len(data)}}}\r\n".encode() + data
