"""The requests of the work-order interface.

- ``POST token_path``: OAuth2 client credentials (RFC 6749, 4.4) with HTTP basic authentication.
- ``GET orders_path?updatedSince=&updatedUntil=&page=&pageSize=``: orders by update time, oldest
  first, both ends inclusive, Beijing time to the second, pages from 1; the answer is
  ``{"status":"success","des":"","res":[row, …],"total":n}``, ``total`` counting all pages.
  The envelope of the first three members is recorded from a live platform (which sends it as
  text/html); ``total`` may be missing.
- ``POST results_path``: write the result back on an order. The member ``idempotencyKey`` makes the
  source take an equal key once.
- ``GET results_path?idempotencyKey=``: the results that bear this key, none or one.

A token that the source no longer takes (401) is replaced once a request.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from minsheng_hotline_12345.settings import HotlineSettings
from minsheng_sdk import (
    CredentialsRefused,
    DeliveryRefused,
    DeliveryUncertain,
    OutgoingReply,
    ProtocolBroken,
    SourceUnavailable,
)
from minsheng_sdk.http import (
    Answer,
    AnswerTooLarge,
    OutcomeUnknown,
    Transport,
    require_success,
)
from minsheng_sdk.text import as_text, clean, dump_json, load_json

_REFUSALS = (400, 404, 409, 410, 413, 422)
"""Statuses with which a source says that it will never take this result."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of rows, and how many rows all pages hold when the source says so."""

    rows: Sequence[object]
    total: int | None


class HotlineClient:
    """One signed-in session with a city's interface; use it as a context manager."""

    def __init__(self, settings: HotlineSettings) -> None:
        self._settings = settings
        self._transport = Transport(settings.limits)
        self._token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._transport.__exit__(kind, error, trace)

    def sign_in(self) -> None:
        """Fetch an access token; raises CredentialsRefused when the account is not known."""
        try:
            self._token = self._fetch_token()
        except OutcomeUnknown as error:
            # A sign-in changes nothing at the source, so nothing is uncertain about it.
            raise SourceUnavailable(str(error)) from error

    def _fetch_token(self) -> str:
        answer = self._transport.send(
            "POST",
            self._settings.base_url + self._settings.token_path,
            data=b"grant_type=client_credentials",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": self._basic(),
            },
        )
        if answer.status == 400 and _oauth_error(answer) != "invalid_request":
            message = "sign-in: the client id or secret is refused; check both"
            raise CredentialsRefused(message)
        require_success(answer, "sign-in")
        token = _object(answer, "sign-in").get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            message = "sign-in: the answer holds no usable access_token"
            raise ProtocolBroken(message)
        return token

    def orders(self, since: str, until: str = "", page: int = 1) -> Listing:
        """List the orders updated from ``since`` on (to ``until`` if given), both inclusive."""
        params = {"updatedSince": since, "page": str(page)}
        params["pageSize"] = str(self._settings.page_size)
        if until:
            params["updatedUntil"] = until
        answer = self._call("GET", self._settings.orders_path, params=params)
        require_success(answer, "listing orders")
        return _listing(answer, "listing orders")

    def write_result(self, reply: OutgoingReply) -> str:
        """Write a reply on its order and return the source's id of it.

        Raises DeliveryRefused when the source will never take it, DeliveryUncertain when it may
        have taken it.
        """
        try:
            answer = self._call("POST", self._settings.results_path, payload=_result(reply))
            _require_taken(answer)
            return _remote_id(answer)
        except (OutcomeUnknown, AnswerTooLarge) as error:
            message = f"no word whether the result was taken ({error}); ask the source by its key"
            raise DeliveryUncertain(message) from error

    def find_result(self, delivery_key: str) -> Mapping[str, object] | None:
        """Return the result that bears this key, None when there is none."""
        params = {"idempotencyKey": delivery_key}
        answer = self._call("GET", self._settings.results_path, params=params)
        require_success(answer, "looking up a result")
        for row in _listing(answer, "looking up a result").rows:
            if isinstance(row, Mapping) and row.get("idempotencyKey") == delivery_key:
                return row
        return None

    def _basic(self) -> str:
        account = f"{self._settings.client_id}:{self._settings.client_secret}"
        return f"Basic {base64.b64encode(account.encode()).decode()}"

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        payload: bytes | None = None,
    ) -> Answer:
        if not self._token:
            self.sign_in()
        answer = self._send(method, path, params, payload)
        if answer.status == 401:
            self.sign_in()
            answer = self._send(method, path, params, payload)
        return answer

    def _send(
        self, method: str, path: str, params: Mapping[str, str] | None, payload: bytes | None
    ) -> Answer:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if payload is not None:
            headers["Content-Type"] = "application/json"
        url = self._settings.base_url + path
        return self._transport.send(method, url, params=params, data=payload, headers=headers)


def _result(reply: OutgoingReply) -> bytes:
    """Name the members as the recorded work-order form does: content 回复内容, and so on."""
    return dump_json(
        {
            "idempotencyKey": reply.delivery_key,
            "orderNum": reply.external_id,
            "title": clean(reply.subject),
            "content": clean(reply.whole_text),
            "organizationName": clean(reply.office),
        }
    )


def _require_taken(answer: Answer) -> None:
    if answer.status in _REFUSALS:
        words = _object(answer, "writing a result").get("des")
        message = f"the source refuses the result (status {answer.status}): {_short(words)}"
        raise DeliveryRefused(message)
    require_success(answer, "writing a result")


def _remote_id(answer: Answer) -> str:
    """Read the id out of a 2xx answer; one in no known form leaves the outcome open."""
    try:
        res = _successful(answer, "writing a result").get("res")
        return as_text(res.get("id")) if isinstance(res, Mapping) else ""
    except (ProtocolBroken, TypeError) as error:
        raise OutcomeUnknown(str(error)) from error


def _listing(answer: Answer, what: str) -> Listing:
    envelope = _successful(answer, what)
    rows, total = envelope.get("res"), envelope.get("total")
    if not isinstance(rows, list):
        message = f"{what}: the answer holds no list 'res'"
        raise ProtocolBroken(message)
    return Listing(rows, total if isinstance(total, int) else None)


def _successful(answer: Answer, what: str) -> Mapping[str, object]:
    envelope = _object(answer, what)
    if envelope.get("status") != "success":
        message = f"{what}: the source answers no success: {_short(envelope.get('des'))}"
        raise ProtocolBroken(message)
    return envelope


def _object(answer: Answer, what: str) -> Mapping[str, object]:
    """Read a JSON object whatever media type it is sent as."""
    try:
        value = load_json(answer.body)
    except ValueError as error:
        message = f"{what}: the answer is not JSON; check the addresses in the settings"
        raise ProtocolBroken(message) from error
    if not isinstance(value, dict):
        message = f"{what}: the answer is a {type(value).__name__}, not an object"
        raise ProtocolBroken(message)
    return value


def _oauth_error(answer: Answer) -> str:
    error = _object(answer, "sign-in").get("error")
    return error if isinstance(error, str) else "invalid_request"


def _short(words: object) -> str:
    return clean(words)[:60] if isinstance(words, str) else "no reason given"
