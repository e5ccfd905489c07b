"""Send one answer by SMTP, and know at every step whether it may have arrived.

RFC 5321, 4.2.5: the server takes charge of a mail when it answers 250 to the final dot. Lost
before the dot, the mail was not sent (SourceUnavailable, try again); lost after it, nobody can
know (DeliveryUncertain, never send again unasked).
"""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from minsheng_mailbox.compose import compose, recipient, reply_id
from minsheng_mailbox.settings import SmtpSettings
from minsheng_sdk import (
    ChannelError,
    CredentialsRefused,
    Deliver,
    DeliveryReceipt,
    DeliveryRefused,
    DeliveryUncertain,
    OutgoingReply,
    ProtocolBroken,
    RateLimited,
    SettingsInvalid,
    SourceUnavailable,
    about_to_send,
)

_LINE_DOT = re.compile(rb"^\.", re.MULTILINE)
_PATIENCE = re.compile(r"\b4\.7\.\d+\b|\b4\.2\.1\b|too many|rate|frequen", re.IGNORECASE)
_LOGIN_CODES = {530, 534, 535, 538}


def deliver(settings: SmtpSettings, reply: OutgoingReply) -> DeliveryReceipt:
    """Send ``reply`` and return the server's words; the Message-ID is the same at each attempt.

    Raises DeliveryRefused, DeliveryUncertain, SourceUnavailable, RateLimited, CredentialsRefused,
    SettingsInvalid or ProtocolBroken.
    """
    with opened(settings) as send:
        return send(reply)


@contextmanager
def opened(settings: SmtpSettings) -> Iterator[Deliver]:
    """One connection for many letters; what its function raises is that of :func:`deliver`."""
    line = _Line(settings)
    try:
        yield line.deliver
    finally:
        line.leave()


class _Line:
    """A connection that is opened when it is needed, and anew after anything went wrong on it."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._server: smtplib.SMTP | None = None
        self._announced = False

    def deliver(self, reply: OutgoingReply) -> DeliveryReceipt:
        """Send one letter; a kept connection that the server closed meanwhile is replaced once."""
        mail = compose(reply, self._settings)
        kept, self._announced = self._server is not None, False
        try:
            words = self._hand_over(mail, reply)
        except SourceUnavailable:
            self._drop()
            if not kept or self._announced:
                raise
            words = self._hand_over(mail, reply)
        except ChannelError:
            self._drop()
            raise
        name = reply_id(reply.delivery_key, self._settings)
        return DeliveryReceipt(reply.delivery_key, remote_id=name, detail=words[:500])

    def leave(self) -> None:
        """Say goodbye where that can still be said."""
        if self._server is not None:
            _leave(self._server)
        self._server = None

    def _drop(self) -> None:
        # close() says no QUIT: after an error the server may be waiting for the rest of the letter.
        if self._server is not None:
            self._server.close()
        self._server = None

    def _hand_over(self, mail: bytes, reply: OutgoingReply) -> str:
        if self._server is None:
            self._server = connect(self._settings)
        server = self._server
        with _speaking("hand over the letter"):
            _expect(server.mail(self._settings.from_address), "sender", 250)
            _expect(server.rcpt(recipient(reply)), "recipient", 250, 251, 252)
            _expect(server.docmd("DATA"), "data", 354)
            server.send(_LINE_DOT.sub(b"..", mail))
        self._announced = True
        about_to_send()
        return _final_dot(server)


def connect(settings: SmtpSettings) -> smtplib.SMTP:
    """Return a connection that has said EHLO, is encrypted as set and logged in if asked to be."""
    tls = ssl.create_default_context()
    with _speaking("connect to the SMTP server"), ExitStack() as undo:
        server = (
            smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.timeout, context=tls)
            if settings.security == "tls"
            else smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout)
        )
        undo.callback(server.close)
        server.ehlo_or_helo_if_needed()
        if settings.security == "starttls":
            server.starttls(context=tls)
            server.ehlo_or_helo_if_needed()
        if settings.password and server.has_extn("auth"):
            server.login(settings.username, settings.password)
        undo.pop_all()
    return server


def check(settings: SmtpSettings) -> None:
    """Connect, log in and leave, sending nothing; raises what :func:`connect` raises."""
    _leave(connect(settings))


def _final_dot(server: smtplib.SMTP) -> str:
    try:
        server.send(b".\r\n")
        code, words = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        message = "the connection was lost after the letter was sent, ask before sending again"
        raise DeliveryUncertain(message) from error
    if not 200 <= code < 600:
        message = "the letter was answered in no known form, ask before sending again"
        raise DeliveryUncertain(message)
    _expect((code, words), "letter", 250)
    return f"{code} {words.decode('utf-8', 'replace')}"


def _expect(answer: tuple[int, bytes], step: str, *good: int) -> None:
    code, words = answer
    if code not in good:
        raise _refusal(code, words, step)


def _refusal(code: int, words: bytes, step: str) -> ChannelError:
    text = f"{code} {words[:300].decode('utf-8', 'replace')}"
    message = f"the server refused the {step}: {text}"
    if code in _LOGIN_CODES:
        return CredentialsRefused(message)
    if not 400 <= code < 600:
        return ProtocolBroken(message)
    if code < 500:
        return RateLimited(message, 300.0) if _PATIENCE.search(text) else SourceUnavailable(message)
    if step == "sender":
        return SettingsInvalid("from_address", message)
    if step in {"recipient", "letter"}:
        return DeliveryRefused(message)
    return SourceUnavailable(message)


def _leave(server: smtplib.SMTP) -> None:
    # The answer to QUIT changes nothing any more; a lost connection least of all.
    with suppress(OSError, smtplib.SMTPException):
        server.quit()
    server.close()


@contextmanager
def _speaking(action: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        message = f"the server's certificate is not trusted ({error.verify_message})"
        raise SettingsInvalid("smtp_host", message) from error
    except smtplib.SMTPNotSupportedError as error:
        message = f"cannot {action}: {error}, choose another encryption"
        raise SettingsInvalid("smtp_security", message) from error
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, _bytes(error.smtp_error), "connection") from error
    except (OSError, smtplib.SMTPException) as error:
        raise SourceUnavailable(f"cannot {action}: {error}") from error


def _bytes(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode("utf-8", "replace")
