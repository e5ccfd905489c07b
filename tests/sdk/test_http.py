"""The HTTP session keeps its limits, and what goes wrong becomes the right error."""

import gzip
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from minsheng_sdk import (
    CredentialsRefused,
    PermanentError,
    ProtocolBroken,
    RateLimited,
    SettingsInvalid,
    SourceUnavailable,
)
from minsheng_sdk.http import (
    Answer,
    AnswerTooLarge,
    Limits,
    OutcomeUnknown,
    Transport,
    check_url,
    require_success,
)
from minsheng_sdk.loopback_http import FaultyServer, Reply, Request

LIMITS = Limits(connect_seconds=5, read_seconds=5, max_bytes=1000)
Serve = Callable[..., FaultyServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """``serve(answer)``: a running server that answers so."""
    running: list[FaultyServer] = []

    def run(answer: Callable[[Request], Reply]) -> FaultyServer:
        server = FaultyServer(answer, Reply(401, b"{}"))
        server.start()
        running.append(server)
        return server

    yield run
    for server in running:
        server.stop()


@pytest.fixture
def transport() -> Iterator[Transport]:
    with Transport(LIMITS) as session:
        yield session


def test_a_request_arrives_as_it_was_sent_and_its_answer_is_read_whole(
    serve: Serve, transport: Transport
) -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Reply:
        seen.append(request)
        return Reply(418, b"body", {"Retry-After": "7"})

    url = serve(answer).base_url + "/a"
    got = transport.send("POST", url, params={"q": "路灯"}, data=b"\0x", headers={"X-Key": "k"})
    assert got == Answer(418, b"body", 7.0)
    assert (seen[0].method, seen[0].path, seen[0].query) == ("POST", "/a", {"q": "路灯"})
    assert (seen[0].body, seen[0].headers["x-key"]) == (b"\0x", "k")


def test_a_header_in_chinese_is_sent_as_utf_8(serve: Serve, transport: Transport) -> None:
    seen: list[str] = []

    def answer(request: Request) -> Reply:
        # The server reads headers as Latin-1, as http.server does.
        seen.append(request.headers["x-key"].encode("latin-1").decode())
        return Reply(200, b"{}")

    transport.send("GET", serve(answer).base_url, headers={"X-Key": "密钥"})
    assert seen == ["密钥"]


def test_an_answer_as_large_as_the_limit_is_read_and_a_larger_one_is_not(
    serve: Serve, transport: Transport
) -> None:
    server = serve(lambda request: Reply(200, b"x" * int(request.query["size"])))
    read = transport.send("GET", server.base_url, params={"size": "1000"})
    assert len(read.body) == 1000
    with pytest.raises(AnswerTooLarge, match="1000 bytes"):
        transport.send("GET", server.base_url, params={"size": "1001"})


def test_the_limit_counts_what_a_packed_answer_unpacks_to(
    serve: Serve, transport: Transport
) -> None:
    def answer(request: Request) -> Reply:
        packed = gzip.compress(b"x" * int(request.query["size"]))
        assert len(packed) < LIMITS.max_bytes
        return Reply(200, packed, {"Content-Encoding": "gzip"})

    url = serve(answer).base_url
    assert len(transport.send("GET", url, params={"size": "1000"}).body) == 1000
    with pytest.raises(AnswerTooLarge):
        transport.send("GET", url, params={"size": "100000"})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(
    status: int, serve: Serve, transport: Transport
) -> None:
    elsewhere = serve(lambda _: Reply(200, b"{}"))
    server = serve(lambda _: Reply(status, b"", {"Location": elsewhere.base_url}))
    answer = transport.send("GET", server.base_url)
    assert answer.status == status
    assert (server.requests, elsewhere.requests) == (1, 0)
    with pytest.raises(ProtocolBroken, match=str(status)):
        require_success(answer, "listing")


def test_a_source_that_does_not_answer_in_time_is_unavailable_with_an_open_outcome(
    serve: Serve,
) -> None:
    patience = threading.Event()

    def answer(request: Request) -> Reply:
        if request.path == "/slow":
            patience.wait()
        return Reply(200, b"{}")

    server = serve(answer)
    with Transport(Limits(5, 0.2, 1000)) as hasty:
        assert hasty.send("GET", server.base_url).status == 200
        try:
            with pytest.raises(SourceUnavailable, match="ReadTimeout") as caught:
                hasty.send("GET", server.base_url + "/slow")
        finally:
            patience.set()
    assert isinstance(caught.value, OutcomeUnknown)


def test_a_source_that_is_not_there_has_done_nothing(serve: Serve, transport: Transport) -> None:
    server = serve(lambda _: Reply(200, b"{}"))
    url = server.base_url
    server.stop()
    with pytest.raises(SourceUnavailable, match="no answer") as caught:
        transport.send("GET", url)
    assert not isinstance(caught.value, OutcomeUnknown)


def test_an_answer_that_breaks_off_leaves_the_outcome_open(
    serve: Serve, transport: Transport
) -> None:
    server = serve(lambda _: Reply(200, b"x" * 100))
    server.fail_next("drop")
    with pytest.raises(OutcomeUnknown):
        transport.send("POST", server.base_url)
    assert server.requests == 1
    assert transport.send("POST", server.base_url).status == 200


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://127.0.0.1:9/", {"X-Key": "hunter2\r\nX-Other: 1"}),
        ("http://.example/", {}),
        (f"http://{'a' * 64}.example/", {}),
        ("http://[::1/", {}),
    ],
)
def test_what_no_request_can_carry_is_permanent_and_not_repeated_in_words(
    url: str, headers: dict[str, str], transport: Transport
) -> None:
    with pytest.raises(PermanentError, match="check the settings") as caught:
        transport.send("GET", url, headers=headers)
    assert not caught.value.retryable
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_neither_proxy_nor_password_is_taken_from_the_machine(
    serve: Serve, transport: Transport, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n", encoding="ascii")
    proxy = serve(lambda _: Reply(502, b"{}"))
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
    monkeypatch.setenv("http_proxy", proxy.base_url)
    seen: list[Request] = []

    def answer(request: Request) -> Reply:
        seen.append(request)
        return Reply(200, b"{}")

    assert transport.send("GET", serve(answer).base_url).status == 200
    assert "authorization" not in seen[0].headers
    assert proxy.requests == 0


def test_a_success_with_a_body_passes() -> None:
    for status in (200, 201, 206):
        require_success(Answer(status, b"{}", 60.0), "listing")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"", OutcomeUnknown),
        (200, b" \r\n", OutcomeUnknown),
        (204, b"", OutcomeUnknown),
        (400, b"{}", ProtocolBroken),
        (401, b"{}", CredentialsRefused),
        (403, b"{}", CredentialsRefused),
        (404, b"{}", ProtocolBroken),
        (429, b"{}", RateLimited),
        (500, b"{}", OutcomeUnknown),
        (502, b"{}", OutcomeUnknown),
        (503, b"{}", SourceUnavailable),
    ],
)
def test_every_other_answer_is_the_error_it_stands_for(
    status: int, body: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"^listing: ") as caught:
        require_success(Answer(status, body, 60.0), "listing")
    assert type(caught.value) is error


def test_the_statuses_that_ask_for_patience_are_the_plugins_to_say() -> None:
    with pytest.raises(RateLimited) as caught:
        require_success(Answer(403, b"", 12.0), "listing", throttles=(403, 429))
    assert caught.value.retry_after == 12.0
    with pytest.raises(ProtocolBroken):
        require_success(Answer(429, b"", 12.0), "listing", throttles=())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://host", "https://host"),
        ("https://host/path/", "https://host/path"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080//", "http://[::1]:8080"),
    ],
)
def test_an_address_is_kept_without_its_last_slash(given: str, kept: str) -> None:
    assert check_url("base_url", given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "",
        "host/path",
        "ftp://host",
        "file:///etc/hosts",
        "https://",
        "https://user:word@host",
        "http://host:0",
        "http://host:99999",
        "http://host:a",
        "http://[::1",
    ],
)
def test_an_address_that_is_none_or_holds_a_password_is_refused(given: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"^base_url: needs an address") as caught:
        check_url("base_url", given)
    assert caught.value.field == "base_url"
