"""Speak IMAP4rev1 through imapclient, and translate everything that goes wrong.

Every call on :class:`Mailbox` raises only the errors of ``minsheng_sdk.errors``:

======================================== =======================================================
refused, reset, time-out, BYE, no space   SourceUnavailable
``[LIMIT]``, ``[THROTTLED]``              RateLimited
login refused, "Unsafe Login"             CredentialsRefused
no such folder, certificate not trusted   SettingsInvalid, naming the setting
an answer that is no IMAP                 ProtocolBroken
======================================== =======================================================
"""

import logging
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

import imapclient  # type: ignore[import-untyped]
from imapclient.exceptions import (  # type: ignore[import-untyped]
    IMAPClientAbortError,
    IMAPClientError,
    IMAPClientReadOnlyError,
    LoginError,
    ProtocolError,
)

from minsheng_mailbox.settings import ImapSettings
from minsheng_sdk import (
    ChannelError,
    CredentialsRefused,
    ProtocolBroken,
    RateLimited,
    SettingsInvalid,
    SourceUnavailable,
)

CONNECT_TIMEOUT = 15.0
SEARCH_WIDTH = 50_000
"""How many UIDs one SEARCH spans: its answer is one line, and imaplib refuses a line over 1 MB."""
SIZES_AT_ONCE = 500
HEADER_BYTES = 256 * 1024

_CODE = re.compile(r"\[([A-Z]+)")
_PATIENCE = {"LIMIT", "THROTTLED", "OVERQUOTA"}
_LOGIN = {"AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED"}
_LATER = {"UNAVAILABLE", "SERVERBUG", "INUSE", "CONTACTADMIN", "CORRUPTION"}
# What imapclient raises on answers that are no IMAP, besides errors of its own.
_MALFORMED = (ValueError, TypeError, LookupError, AttributeError, AssertionError)

# imapclient logs every line of the conversation at debug level; lines of mail are personal data.
logging.getLogger("imapclient").setLevel(logging.WARNING)
_log = logging.getLogger(__name__)


class Mailbox:
    """One connection to one folder; use it as a context manager.

    ``validity`` is the UIDVALIDITY of the folder as last opened.
    """

    def __init__(self, settings: ImapSettings) -> None:
        """Connect, log in and open the folder read-only."""
        self.settings = settings
        self.validity = 0
        self.next_uid = 0
        self.mails = 0
        with speaking("connect"):
            self._client = imapclient.IMAPClient(
                settings.host,
                settings.port,
                ssl=settings.security == "tls",
                timeout=imapclient.SocketTimeout(
                    min(CONNECT_TIMEOUT, settings.timeout), settings.timeout
                ),
            )
        with ExitStack() as undo:
            undo.callback(self.close)
            self._log_in()
            self.open(readonly=True)
            undo.pop_all()

    def __enter__(self) -> "Mailbox":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Log out if the server still listens; never raises."""
        with suppress(*_MALFORMED, IMAPClientError, OSError):
            self._client.logout()
        with suppress(OSError, AttributeError):
            self._client.shutdown()

    def _log_in(self) -> None:
        settings = self.settings
        with speaking("log in", field="security"):
            if settings.security == "starttls":
                self._client.starttls()
            if self._client.has_capability("AUTH=PLAIN"):
                self._client.plain_login(settings.username, settings.password)
            elif not (settings.username + settings.password).isascii():
                message = "the server takes ASCII only, change the password"
                raise SettingsInvalid("password", message)
            else:
                # imaplib quotes the password but not the user name.
                self._client.login(_quoted(settings.username), settings.password)
        # 163, 126 and yeah.net open no folder to a client that has not given its name; others may
        # refuse the name, which does no harm: a lost connection shows at the next command.
        with speaking("ask what the server can do"):
            named = self._client.has_capability("ID")
        if named:
            with suppress(SourceUnavailable), speaking("name ourselves"):
                self._client.id_({"name": "minsheng", "version": "1"})

    def open(self, *, readonly: bool) -> None:
        """Open the folder; sets ``validity``, ``next_uid`` (0 = not told) and ``mails``."""
        with speaking("open the folder", field="folder"):
            answer = self._client.select_folder(self.settings.folder, readonly=readonly)
        self.validity = int(answer.get(b"UIDVALIDITY", 0))
        self.next_uid = int(answer.get(b"UIDNEXT", 0))
        self.mails = int(answer.get(b"EXISTS", 0))
        if not self.validity:
            message = "the server gives no UIDVALIDITY, so arrivals cannot be told apart"
            raise ProtocolBroken(message)

    def uids_after(self, last: int) -> Iterator[list[int]]:
        """Yield the UIDs above ``last`` in ascending lists, one for each range that holds any.

        The last range is open (``n:*``), whatever UIDNEXT said; IMAP answers an open range with
        the newest mail even when that lies below ``n``, so the answer is filtered. A range that
        is empty although UIDs were given out in it is asked for twice before it is passed over.
        """
        first, width = last + 1, SEARCH_WIDTH
        while first + width < self.next_uid:
            end = str(first + width - 1)
            uids = self._search(first, end) or self._search(first, end)
            if uids:
                yield uids
            first += width
            width = SEARCH_WIDTH if uids else width * 2
        uids = self._search(first, "*")
        if not uids and first != self.next_uid:
            uids = self._search(first, "*")
        if uids:
            yield uids

    def _search(self, first: int, last: str) -> list[int]:
        with speaking("list mails"):
            found = self._client.search(["UID", f"{first}:{last}"])
            return sorted({int(uid) for uid in found if int(uid) >= first})

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Return the size in bytes of each mail that is still there."""
        sizes: dict[int, int] = {}
        for start in range(0, len(uids), SIZES_AT_ONCE):
            some = list(uids[start : start + SIZES_AT_ONCE])
            with speaking("ask for sizes"):
                answer = self._client.fetch(some, ["RFC822.SIZE"])
                found = {uid: int(data[b"RFC822.SIZE"]) for uid, data in answer.items()}
            sizes |= found
            self._must_be_gone([uid for uid in some if uid not in found])
        return sizes

    def bodies(self, uids: Sequence[int]) -> dict[int, bytes]:
        """Return the whole mails, without marking them read; a deleted mail is left out."""
        return self._fetch(uids, "BODY.PEEK[]", b"BODY[]")

    def header(self, uid: int) -> dict[int, bytes]:
        """Return the header of one mail, cut at HEADER_BYTES; nothing when it was deleted."""
        return self._fetch([uid], f"BODY.PEEK[HEADER]<0.{HEADER_BYTES}>", b"BODY[HEADER]<0>")

    def _fetch(self, uids: Sequence[int], item: str, key: bytes) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for some in [list(uids), *([uid] for uid in uids)]:
            missing = [uid for uid in some if uid not in found]
            if not missing:
                continue
            try:
                with speaking("fetch mails"):
                    answer = self._client.fetch(missing, [item])
                    found |= {
                        uid: bytes(data[key]) for uid, data in answer.items() if data.get(key)
                    }
            except SourceUnavailable:
                # Servers may answer NO for a whole set of which one mail is gone (RFC 2180, 4.1.2).
                if len(missing) == 1 or not self._alive():
                    raise
        self._must_be_gone([uid for uid in uids if uid not in found])
        return found

    def _alive(self) -> bool:
        with suppress(*_MALFORMED, IMAPClientError, OSError):
            self._client.noop()
            return True
        return False

    def _must_be_gone(self, uids: Sequence[int]) -> None:
        """Raise SourceUnavailable when a mail is still listed that the server did not hand out."""
        if not uids:
            return
        with speaking("look again"):
            there = [int(uid) for uid in self._client.search(["UID", ",".join(map(str, uids))])]
        if there:
            message = f"the server lists mail {there[0]} but does not hand it out, look at it there"
            raise SourceUnavailable(message)

    def mark_seen(self, uids: Sequence[int]) -> None:
        """Mark mails as read; a folder that may not be written to is left as it is.

        Does nothing when the folder was renumbered since: the UIDs would be other mails.
        """
        before = self.validity
        try:
            self.open(readonly=False)
            if self.validity == before:
                with speaking("mark as read"):
                    self._client.add_flags(list(uids), [imapclient.SEEN], silent=True)
        except SettingsInvalid:
            # A folder that is gone, rather than read-only, is refused again just below.
            _log.warning("the folder is read-only, letters stay unread there")
        self.open(readonly=True)


@contextmanager
def speaking(action: str, field: str = "") -> Iterator[None]:
    """Translate what goes wrong inside; ``field`` is the setting to blame for a plain refusal."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        message = f"the server's certificate is not trusted ({error.verify_message})"
        raise SettingsInvalid("host", message) from error
    except OSError as error:
        raise SourceUnavailable(f"cannot {action}: {error}") from error
    except IMAPClientError as error:
        raise _meaning(action, field, error) from error
    except _MALFORMED as error:
        message = f"cannot {action}: the server's answer is no IMAP"
        raise ProtocolBroken(message) from error


def _meaning(action: str, field: str, error: IMAPClientError) -> ChannelError:
    # imapclient wraps a connection lost during login into a LoginError; the cause tells them apart.
    lost = error if isinstance(error, IMAPClientAbortError) else error.__context__
    text = str(error)
    message = f"cannot {action}: {text[:200]}"
    code = next(iter(_CODE.findall(text)), "")
    if isinstance(error, IMAPClientReadOnlyError):
        return SettingsInvalid("mark_seen", message)
    # So imaplib words a line that is no answer of the protocol.
    garbage = isinstance(lost, IMAPClientAbortError) and "unexpected" in str(lost)
    if garbage or isinstance(error, ProtocolError):
        return ProtocolBroken(message)
    if code in _PATIENCE:
        return RateLimited(message)
    if code in _LATER or isinstance(lost, IMAPClientAbortError):
        return SourceUnavailable(message)
    if code in _LOGIN or isinstance(error, LoginError) or "unsafe login" in text.lower():
        return CredentialsRefused(message)
    if field or code in {"NOPERM", "READ-ONLY"}:
        return SettingsInvalid(field or "folder", message)
    return SourceUnavailable(message)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
