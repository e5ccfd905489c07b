"""A city's work-order server on 127.0.0.1, for the demo, the tests and the conformance kit.

It speaks the protocol of :mod:`.client` with the default field names and the quirks seen in the
wild: JSON sent as text/html, ``0001-01-01T00:00:00`` for no time, flags as "0" and "1". Order
numbers have the recorded form: yymmddHHMMSS of the call and six digits, here from a hash of the
sample's id.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from minsheng_hotline_12345.times import BEIJING, to_second
from minsheng_sdk import Fault, OutgoingReply, SampleMessage, Settings
from minsheng_sdk.loopback_http import FaultyServer, Reply, Request

CLIENT_ID = "minsheng-desk"
CLIENT_SECRET = "loopback-secret"  # noqa: S105  # guards nothing but this loopback server
TOKEN_PATH = "/oauth/token"  # noqa: S105  # a path
ORDERS_PATH = "/api/workorders"
RESULTS_PATH = "/api/results"
_NO_TIME = "0001-01-01T00:00:00"


@dataclass(frozen=True, slots=True)
class _Order:
    number: str
    updated: str
    sample: SampleMessage


@dataclass(frozen=True, slots=True)
class _Result:
    id: str
    time: str
    reply: OutgoingReply


class HotlineLoopback:
    """The server; ``clock`` stamps the update times of what is put, in aware times.

    ``counts_rows=False`` leaves ``total`` out of the lists, as some platforms do.
    """

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        counts_rows: bool = True,
    ) -> None:
        self._clock = clock
        self._counts_rows = counts_rows
        self._lock = threading.RLock()
        self._orders: dict[str, _Order] = {}
        self._numbers: dict[str, str] = {}
        self._results: dict[str, _Result] = {}
        self._tokens: set[str] = set()
        self._http = FaultyServer(self._answer, _failure(403, "账号无权限"))
        self._routes = {
            ("POST", TOKEN_PATH): self._token,
            ("GET", ORDERS_PATH): self._list,
            ("POST", RESULTS_PATH): self._write_result,
            ("GET", RESULTS_PATH): self._find_result,
        }

    def start(self, port: int = 0) -> None:
        """Listen on a loopback port (0 = any free one)."""
        self._http.start(port)

    def stop(self) -> None:
        """Stop listening; calling it twice does no harm."""
        self._http.stop()

    @property
    def settings(self) -> Settings:
        """The settings of a channel that reaches this server."""
        return {
            "base_url": self._http.base_url,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }

    @property
    def requests(self) -> int:
        """How many requests were answered so far."""
        return self._http.requests

    def fail_next(self, fault: Fault, after: int = 0) -> None:
        """Misbehave once, after ``after`` more good requests."""
        self._http.fail_next(fault, after)

    def put(self, messages: Sequence[SampleMessage]) -> None:
        """Enter orders, or edit those whose ``sample_id`` is known; both set the update time."""
        with self._lock:
            updated = to_second(self._clock())
            for sample in messages:
                number = self._number(sample)
                self._orders[number] = _Order(number, updated, sample)

    def delivered(self) -> list[OutgoingReply]:
        """Return every result written back, in order; a repeated key counts once."""
        with self._lock:
            return [result.reply for result in self._results.values()]

    def expire_tokens(self) -> None:
        """Forget every access token, as a source does whose tokens ran out."""
        with self._lock:
            self._tokens.clear()

    def _number(self, sample: SampleMessage) -> str:
        """Return the sample's order number; a taken one is passed over by hashing once more."""
        attempt = 0
        while sample.sample_id not in self._numbers:
            digest = hashlib.sha256(f"{sample.sample_id}#{attempt}".encode()).digest()
            digits = int.from_bytes(digest[:8], "big") % 1_000_000
            called = sample.received_at.astimezone(BEIJING)
            number = f"{called:%y%m%d%H%M%S}{digits:06d}"
            if number not in self._orders:
                self._numbers[sample.sample_id] = number
            attempt += 1
        return self._numbers[sample.sample_id]

    def _answer(self, request: Request) -> Reply:
        route = self._routes.get((request.method, request.path))
        if route is None:
            return _failure(404, "接口不存在")
        with self._lock:
            if request.path != TOKEN_PATH and not self._signed_in(request):
                return _failure(401, "令牌无效或已过期")
            return route(request)

    def _signed_in(self, request: Request) -> bool:
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self._tokens

    def _token(self, request: Request) -> Reply:
        """Answer as RFC 6749, 5.1 and 5.2 say."""
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        if not hmac.compare_digest(expected.encode(), given.encode()):
            return Reply(401, b'{"error":"invalid_client"}', {"WWW-Authenticate": "Basic"})
        if request.body != b"grant_type=client_credentials":
            return Reply(400, b'{"error":"unsupported_grant_type"}')
        token = secrets.token_urlsafe(16)
        self._tokens.add(token)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": 7200}
        return Reply(200, json.dumps(answer).encode())

    def _list(self, request: Request) -> Reply:
        since = request.query.get("updatedSince", "")
        until = request.query.get("updatedUntil", "9999")
        page, size = int(request.query["page"]), int(request.query["pageSize"])
        found = [order for order in self._orders.values() if since <= order.updated <= until]
        found.sort(key=lambda order: (order.updated, order.number))
        rows = [_row(order) for order in found[(page - 1) * size : page * size]]
        return _success(rows, len(found) if self._counts_rows else None)

    def _write_result(self, request: Request) -> Reply:
        given = json.loads(request.body)
        if given["orderNum"] not in self._orders:
            return _failure(404, "工单不存在")
        key = given["idempotencyKey"]
        if key not in self._results:
            reply = OutgoingReply(
                delivery_key=key,
                external_id=given["orderNum"],
                subject=given["title"],
                text=given["content"],
                office=given["organizationName"],
            )
            number = f"R{len(self._results) + 1:08d}"
            self._results[key] = _Result(number, to_second(self._clock()), reply)
        return _success({"id": self._results[key].id})

    def _find_result(self, request: Request) -> Reply:
        result = self._results.get(request.query.get("idempotencyKey", ""))
        return _success([] if result is None else [_result_row(result)])


def _row(order: _Order) -> Mapping[str, object]:
    """Write an order with the recorded field names; what a sample lacks is empty or no time."""
    sample = order.sample
    return {
        "orderNum": order.number,
        "callTime": to_second(sample.received_at),
        "createdTime": to_second(sample.received_at),
        "updatedTime": order.updated,
        "callerName": sample.citizen.name,
        "callerPhone": sample.citizen.phone,
        "callerContact": sample.citizen.phone,
        "mail": sample.citizen.email,
        "title": sample.subject,
        "majorContent": sample.body,
        "address": sample.region,
        "addressItem": "",
        "organizationName": sample.addressee,
        "sourceType": "电话",
        "callerType": sample.kind,
        "questionName": sample.domain,
        "orderState": "待处置",
        "isSecret": "0",
        "isHardOrder": "0",
        "oldOrderNum": "",
        "urgeOrderNum": None,
        "deadlineDate": _NO_TIME,
        "completeTime": _NO_TIME,
    }


def _result_row(result: _Result) -> Mapping[str, object]:
    return {
        "id": result.id,
        "idempotencyKey": result.reply.delivery_key,
        "orderNum": result.reply.external_id,
        "content": result.reply.text,
        "replyTime": result.time,
    }


def _success(res: object, total: int | None = None) -> Reply:
    envelope = {"status": "success", "des": "", "res": res}
    counted = envelope if total is None else {**envelope, "total": total}
    return Reply(200, json.dumps(counted).encode(), content_type="text/html")


def _failure(status: int, words: str) -> Reply:
    body = json.dumps({"status": "error", "des": words, "res": []}).encode()
    return Reply(status, body, content_type="text/html")
