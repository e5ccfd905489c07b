"""What a board does wrong becomes the right error, and the next run makes up for it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from minsheng_leaders_board import plugin
from minsheng_leaders_board.loopback import BoardLoopback
from minsheng_sdk import (
    ChannelError,
    CredentialsRefused,
    MessageUnreadable,
    ProtocolBroken,
    RateLimited,
    RawItem,
    SampleMessage,
    Settings,
    SourceUnavailable,
)
from minsheng_sdk.loopback_http import Reply, Request

FAULTS = {
    "refuse": SourceUnavailable,
    "drop": SourceUnavailable,
    "empty": SourceUnavailable,
    "throttle": RateLimited,
    "garbage": ProtocolBroken,
    "deny": CredentialsRefused,
}


@pytest.mark.parametrize("after", [0, 1, 5, 22, 40])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_and_the_next_run_completes(
    fault: Any,
    after: int,
    server: BoardLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
) -> None:
    server.put(samples(50))
    channel = desk(server)
    server.fail_next(fault, after)
    with pytest.raises(FAULTS[fault]):
        channel.pull()
    channel.pull()
    assert len(channel.keys) == len(channel.known) == 50


def test_a_board_that_lets_few_requests_through_is_read_all_the_same(
    server: BoardLoopback, samples: Callable[..., list[SampleMessage]], desk: Callable[..., Any]
) -> None:
    server.put(samples(45))
    channel = desk(server)
    for _ in range(60):
        server.fail_next("throttle", 4)
        try:
            channel.pull()
        except RateLimited:
            continue
    assert len(channel.keys) == len(channel.known) == 45


def test_403_asks_for_patience_here(strict_server: BoardLoopback, desk: Callable[..., Any]) -> None:
    strict_server.fail_next("throttle")
    with pytest.raises(RateLimited) as caught:
        desk(strict_server).pull()
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("field", ["app_code", "token"])
def test_wrong_credentials_are_refused(
    field: str,
    server: BoardLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
) -> None:
    server.put(samples(1))
    with pytest.raises(CredentialsRefused):
        desk(server, **{field: "wrong"}).pull()


def test_another_forum_has_no_letters(
    server: BoardLoopback, samples: Callable[..., list[SampleMessage]], desk: Callable[..., Any]
) -> None:
    server.put(samples(1))
    channel = desk(server, forum="594")
    assert channel.pull() == 0


def test_a_source_that_is_not_there_is_unavailable(
    server: BoardLoopback, desk: Callable[..., Any]
) -> None:
    channel = desk(server)
    server.stop()
    with pytest.raises(SourceUnavailable):
        channel.pull()


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"{}",
        b'{"resultData":null}',
        b'{"resultData":{}}',
        b'{"resultData":{"data":{}}}',
        b'{"resultData":{"data":[{}]}}',
        '{"code":"SN0006","resultDesc":"数据格式错误"}'.encode(),
        b'{"code":5}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_an_answer_in_no_known_form_breaks_the_protocol(
    body: bytes, odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    with pytest.raises(ProtocolBroken):
        items(odd_source(lambda _: Reply(200, body)))


@pytest.mark.parametrize("words", ["签名错误", "token 无效", "请先登录"])
def test_a_code_about_the_account_refuses_the_credentials(
    words: Any, odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    body = json.dumps({"code": "SN9999", "resultDesc": words}).encode()
    with pytest.raises(CredentialsRefused):
        items(odd_source(lambda _: Reply(200, body)))


@pytest.mark.parametrize("status", [204, 301, 400, 401, 404, 500, 502, 504])
def test_every_other_status_is_a_named_error(
    status: int, odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    settings = odd_source(lambda _: Reply(status, b"", {"Location": "http://127.0.0.1:9/"}))
    with pytest.raises(ChannelError) as caught:
        items(settings)
    assert isinstance(caught.value, SourceUnavailable) == (status >= 500 or status == 204)


def test_an_answer_beyond_the_limit_is_not_read(
    odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    settings = {**odd_source(lambda _: Reply(200, b" " * 1_100_000)), "max_megabytes": 1}
    with pytest.raises(ProtocolBroken, match="larger"):
        items(settings)


def _board(*rows: object) -> Any:
    """Answer a list once and then an empty one, and every detail with no entry."""

    def answer(request: pytest.FixtureRequest) -> Any:
        param = json.loads(json.loads(request.body)["param"])
        if "tid" in param:
            return Reply(200, b'{"resultData":{"contentList":[]}}')
        data = list(rows) if param["lastItem"] == "" else []
        return Reply(200, json.dumps({"resultData": {"data": data}}).encode())

    return answer


def test_a_list_that_does_not_move_on_is_not_walked_for_ever(
    odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    def answer(request: pytest.FixtureRequest) -> Any:
        if "tid" in json.loads(json.loads(request.body)["param"]):
            return Reply(200, b'{"resultData":{}}')
        return Reply(200, b'{"resultData":{"data":[{"tid":5},{"tid":4}]}}')

    with pytest.raises(ProtocolBroken, match="does not move on"):
        items(odd_source(answer))


@pytest.mark.parametrize("tid", [None, "", "x", [], {"a": 1}, -1, 0, True, 10**19, 1.5])
def test_a_row_without_a_usable_tid_reaches_quarantine(
    tid: object, odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    settings = odd_source(_board({"tid": tid}, "no object", {"tid": "7", "dateline": 1610983347}))
    pulled = items(settings)
    assert sum(item.source_key.startswith("sha256:") for item in pulled) == 2
    for item in pulled:
        if item.source_key == "7":
            assert plugin.minsheng_parse(settings, item).external_id == "7"
        else:
            with pytest.raises(MessageUnreadable):
                plugin.minsheng_parse(settings, item)


def test_a_letter_whose_detail_is_gone_is_kept_and_marked_as_cut(
    odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    row = {"tid": 7, "dateline": 1610983347, "content": "很长的留言…"}
    item = items(odd_source(_board(row)))[0]
    message = plugin.minsheng_parse({}, item)
    assert message.body == "很长的留言…"
    assert message.extra["cut"] == "1"


def test_the_next_page_is_asked_from_the_last_row_as_the_board_does(
    odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    board = _board({"tid": 5}, {"tid": 3}, {"tid": 4})
    asked: list[str] = []

    def answer(request: Request) -> Reply:
        asked.append(json.loads(json.loads(request.body)["param"]).get("lastItem", "detail"))
        return board(request)

    assert len(items(odd_source(answer))) == 3
    assert [last for last in asked if last != "detail"] == ["", "4"]
