"""A small HTTP server on 127.0.0.1 that can misbehave on request.

The loopback server of an HTTP channel is built on it: it holds a :class:`FaultyServer`, answers
each :class:`Request` with a :class:`Reply`, and hands ``start``, ``stop``, ``fail_next`` and
``requests`` through.
"""

import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from minsheng_sdk.loopback import Fault

_HOST = "127.0.0.1"
_POLL_SECONDS = 0.02
GARBAGE = "<html><body>系统维护中</body></html>".encode()


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the server read it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


TOO_MANY = Reply(429, b'{"message":"too many requests"}', {"Retry-After": "7"})


class FaultyServer:
    """Threads that answer requests with ``answer``, and with one fault where asked to.

    ``denied`` is the protocol's own way to refuse the credentials, ``throttled`` its way to ask
    for patience.
    """

    def __init__(
        self, answer: Callable[[Request], Reply], denied: Reply, throttled: Reply = TOO_MANY
    ) -> None:
        self._answer = answer
        self._denied = denied
        self._throttled = throttled
        self._lock = threading.Lock()
        self._faults: list[tuple[Fault, int]] = []
        self._requests = 0
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, port: int = 0) -> None:
        """Listen on ``port`` (0 = any free one); RuntimeError when it listens already."""
        if self._server is not None:
            message = "the loopback server is running already; stop it first"
            raise RuntimeError(message)
        self._server = _Server(port, self.serve)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the threads and their connections; calling it twice does no harm."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is not None and thread is not None:
            server.shutdown()
            thread.join()
            server.hang_up()
            server.server_close()

    @property
    def base_url(self) -> str:
        """The address; RuntimeError before ``start``."""
        if self._server is None:
            message = "the loopback server is not running; start it first"
            raise RuntimeError(message)
        return f"http://{_HOST}:{self._server.server_address[1]}"

    @property
    def requests(self) -> int:
        """How many requests were answered so far, well or badly."""
        with self._lock:
            return self._requests

    def fail_next(self, fault: Fault, after: int = 0) -> None:
        """Misbehave once, after ``after`` more good requests."""
        with self._lock:
            self._faults.append((fault, after))

    def serve(self, request: Request) -> tuple[Reply, bool]:
        """Answer a request; the flag says that the connection breaks in the middle.

        ``drop``, ``empty`` and ``garbage`` carry out the request and spoil only its answer;
        ``refuse``, ``throttle`` and ``deny`` do nothing.
        """
        fault = self._next_fault()
        if fault == "refuse":
            return Reply(503, b'{"message":"service unavailable"}'), False
        if fault == "throttle":
            return self._throttled, False
        if fault == "deny":
            return self._denied, False
        reply = self._answer(request)
        if fault == "empty":
            return Reply(200, b"", content_type="text/html"), False
        if fault == "garbage":
            return Reply(200, GARBAGE, content_type="text/html"), False
        return reply, fault == "drop"

    def _next_fault(self) -> Fault | None:
        with self._lock:
            self._requests += 1
            for place, (fault, after) in enumerate(self._faults):
                if after <= 0:
                    del self._faults[place]
                    return fault
            self._faults = [(fault, after - 1) for fault, after in self._faults]
            return None


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, port: int, serve: Callable[[Request], tuple[Reply, bool]]) -> None:
        self.serve = serve
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__((_HOST, port), _Handler)

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        with self._connections_lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Wake every thread that waits for a kept connection's next request."""
        with self._connections_lock:
            for connection in self._connections:
                _shut(connection)

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Stay silent when a client hangs up early: the test that did it knows."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write an answer: a small write that waits for the client's delayed ACK costs 40 ms.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Say nothing: the test's own output matters."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(
            self.command, parts.path, dict(parse_qsl(parts.query)), headers, self.rfile.read(length)
        )
        reply, broken_off = self.server.serve(request)
        self.send_response(reply.status)
        self.send_header("Content-Type", f"{reply.content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if broken_off else reply.body)
        self.close_connection = self.close_connection or broken_off
