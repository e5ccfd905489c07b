"""One HTTP session with limits, whose failures are the errors of the SDK.

No redirect is followed, no proxy or password is taken from the environment, every request has
time-outs and every answer a size limit. Nothing is sent a second time here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import requests
from requests.exceptions import InvalidHeader, InvalidURL
from urllib3.exceptions import LocationParseError, NewConnectionError

from minsheng_sdk.errors import (
    CredentialsRefused,
    PermanentError,
    ProtocolBroken,
    RateLimited,
    SettingsInvalid,
    SourceUnavailable,
)

DEFAULT_RETRY_AFTER = 60.0
LONGEST_RETRY_AFTER = 86_400.0
_PIECE = 65_536


class OutcomeUnknown(SourceUnavailable):
    """No usable answer came, and the source may have carried out the request."""


class AnswerTooLarge(ProtocolBroken):
    """The answer exceeds the limit; the source may have carried out the request."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect and to wait for the next bytes; the largest answer in bytes."""

    connect_seconds: float
    read_seconds: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, bytes, and the seconds the source asks us to wait (if it says so)."""

    status: int
    body: bytes
    retry_after: float


class Transport:
    """A session to one source; use it as a context manager."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._session = requests.Session()
        # A proxy or a .netrc of the machine must not decide where citizens' words go.
        self._session.trust_env = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and read the whole answer, whatever its status.

        Header values are sent as UTF-8. Raises PermanentError when address or headers cannot be
        written as a request, SourceUnavailable when no connection came about, OutcomeUnknown when
        the connection broke later, AnswerTooLarge when the answer is larger than the limit.
        """
        timeout = (self._limits.connect_seconds, self._limits.read_seconds)
        try:
            with self._session.request(
                method,
                url,
                params=params,
                data=data,
                headers={name: value.encode() for name, value in (headers or {}).items()},
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = self._read(response)
                return Answer(response.status_code, body, _retry_after(response))
        except (InvalidHeader, InvalidURL, LocationParseError) as error:
            # The library's own words would repeat the header, which may hold a secret.
            message = f"no request can be written ({type(error).__name__}); check the settings"
            raise PermanentError(message) from None
        except requests.RequestException as error:
            raise _unavailable(url, error) from error

    def _read(self, response: requests.Response) -> bytes:
        body = bytearray()
        for piece in response.iter_content(_PIECE):
            body += piece
            if len(body) > self._limits.max_bytes:
                message = f"the answer is larger than {self._limits.max_bytes} bytes; ask for less"
                raise AnswerTooLarge(message)
        return bytes(body)


def require_success(answer: Answer, what: str, throttles: Collection[int] = (429,)) -> None:
    """Raise the error that the answer's status or emptiness stands for; 2xx with a body passes.

    ``what`` names the request in the message; ``throttles`` are the statuses that ask for patience.
    503 says that nothing was done (RFC 9110, 15.6.4); other 5xx leave that open.
    """
    status = answer.status
    if status in throttles:
        message = f"{what}: the source asks for patience (status {status})"
        raise RateLimited(message, answer.retry_after)
    if status in (401, 403):
        message = f"{what}: refused with status {status}; check the account and its rights"
        raise CredentialsRefused(message)
    if status == 503:
        message = f"{what}: the source cannot answer at the moment (status 503)"
        raise SourceUnavailable(message)
    if status >= 500:
        message = f"{what}: the source failed with status {status}"
        raise OutcomeUnknown(message)
    if not 200 <= status < 300:
        message = f"{what}: unexpected status {status}; check the addresses in the settings"
        raise ProtocolBroken(message)
    if not answer.body.strip():
        message = f"{what}: the answer is empty"
        raise OutcomeUnknown(message)


def check_url(field: str, url: str) -> str:
    """Return an http(s) address without its last slash; raises SettingsInvalid naming ``field``."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        usable = usable and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or "@" in url:
        message = "needs an address such as https://host/path, without user or password"
        raise SettingsInvalid(field, message)
    return url.rstrip("/")


def _retry_after(response: requests.Response) -> float:
    """Read Retry-After in seconds or as a date (RFC 9110, 10.2.3)."""
    given = response.headers.get("Retry-After", "").strip()
    plain = given.isascii() and given.isdigit()
    seconds = float(given[:9]) if plain else _seconds_until(given)
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def _seconds_until(date: str) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return DEFAULT_RETRY_AFTER
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()


def _unavailable(url: str, error: requests.RequestException) -> SourceUnavailable:
    message = f"{urlsplit(url).netloc}: no answer ({type(error).__name__})"
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    unsent = isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)
    return SourceUnavailable(message) if unsent else OutcomeUnknown(message)
