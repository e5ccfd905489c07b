"""The back channel to login providers: short, small, straight, and over TLS save on loopback."""

import ipaddress
import json
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from requests import PreparedRequest, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from minsheng.accounts.errors import ProviderAway

SECONDS = 5.0
"""How long a connection, a silence, and the reading of an answer may take, each. Our figure."""
LARGEST = 256 * 1024
"""Bytes of an answer that are read; discovery documents and key sets have some 10 KB."""
LONGEST_URL = 2000

_CHUNK = 16 * 1024


class _NarrowAdapter(HTTPAdapter):
    """Sends one request and reads one small answer; follows nothing."""

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002  the parent's form
        timeout: Any = None,  # noqa: ANN401, ARG002
        verify: bool | str = True,
        cert: Any = None,  # noqa: ANN401
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> Response:
        """Raises ProviderAway for a redirect and for an answer that is too large or too slow."""
        response = super().send(
            request, stream=True, timeout=SECONDS, verify=verify, cert=cert, proxies=None
        )
        try:
            if response.is_redirect or 300 <= response.status_code < 400:
                raise ProviderAway("it answers by a redirect")
            # What requests itself would fill, without a bound, at the first look.
            response._content = _read(response)
        finally:
            response.close()
        return response


def guard(session: Session) -> None:
    """Let a session speak through the narrow adapter alone, without the environment's proxies."""
    session.trust_env = False
    session.verify = _trusted()
    session.headers["Accept-Encoding"] = "identity"
    for scheme in ("https://", "http://"):
        session.mount(scheme, _NarrowAdapter())


def fetch_object(url: str) -> dict[str, Any]:
    """The JSON object at an address; raises ProviderAway."""
    with Session() as session:
        guard(session)
        try:
            response = session.get(url, headers={"Accept": "application/json"})
        except RequestException as error:
            raise ProviderAway(type(error).__name__) from error
    if response.status_code != 200:
        raise ProviderAway(f"it answers with status {response.status_code}")
    return read_object(response.content)


def read_object(content: bytes) -> dict[str, Any]:
    """Bytes as a JSON object; raises ProviderAway."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ProviderAway("its answer is no JSON") from error
    if not isinstance(found, dict):
        raise ProviderAway("its answer is no JSON object")
    return found


def is_usable(url: object, *, loopback: bool) -> bool:
    """Whether an address may be spoken to: https; with ``loopback`` also http to this machine."""
    if not isinstance(url, str) or len(url) > LONGEST_URL or not url.isascii():
        return False
    if not url.isprintable() or " " in url or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = bool(parts.hostname) and "@" not in parts.netloc and not parts.fragment
    if parts.scheme == "http":
        return plain and loopback and _is_loopback(parts)
    return plain and parts.scheme == "https"


def is_on_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    return _is_loopback(urlsplit(url))


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(response: Response) -> bytes:
    """The body up to the bound, by a deadline; raises ProviderAway."""
    until, body = time.monotonic() + SECONDS, b""
    try:
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > LARGEST:
                raise ProviderAway("its answer is too large")
            if time.monotonic() > until:
                raise ProviderAway("its answer comes too slowly")
    except (HTTPError, OSError) as error:
        raise ProviderAway(f"its answer breaks off: {type(error).__name__}") from error
    return body


def _trusted() -> str | bool:
    """The machine's own trust store, so that an internal authority is trusted where it is added."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or True
