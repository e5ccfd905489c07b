"""A channel plugin for an invented suggestion book on the web.

``GET /letters?after=N`` lists the letters that changed after change number N, the oldest change
first; ``POST /replies`` takes a reply; ``GET /replies?key=`` lists the replies of that key.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from minsheng_sdk import (
    ChannelError,
    ChannelInfo,
    CheckReport,
    Citizen,
    DeliveryReceipt,
    DeliveryRefused,
    DeliveryUncertain,
    Loopback,
    MessageUnreadable,
    OutgoingReply,
    Page,
    ParsedMessage,
    ProtocolBroken,
    RawItem,
    SampleMessage,
    SettingField,
    Settings,
    hookimpl,
)
from minsheng_sdk.http import Limits, OutcomeUnknown, Transport, check_url, require_success
from minsheng_sdk.loopback_http import FaultyServer, Reply, Request
from minsheng_sdk.text import as_text, dump_json, load_json

LIMITS = Limits(connect_seconds=3, read_seconds=15, max_bytes=20_000_000)


@hookimpl
def minsheng_channel_info() -> ChannelInfo:
    return ChannelInfo(
        name="suggestion_book",
        title_zh="意见簿",
        title_en="Suggestion book",
        badge_zh="意见簿",
        badge_en="Book",
        can_deliver=True,
        can_look_up=True,
    )


@hookimpl
def minsheng_settings_schema() -> tuple[SettingField, ...]:
    return (
        SettingField("base_url", "text", "接口地址", "Interface address"),
        SettingField("token", "secret", "访问令牌", "Access token"),
    )


@hookimpl
def minsheng_check(settings: Settings) -> CheckReport:
    try:
        letters = _ask(settings, "GET", "/letters", {"after": "0"})
    except ChannelError as error:
        return CheckReport(False, (f"失败：{error}",), (f"failed: {error}",))
    count = len(letters)
    return CheckReport(True, (f"可读，首页 {count} 件",), (f"readable, {count} letters",))


@hookimpl
def minsheng_pull(settings: Settings, cursor: str) -> Iterator[Page]:
    after = int(cursor or 0)
    while letters := _ask(settings, "GET", "/letters", {"after": str(after)}):
        try:
            items = tuple(RawItem(as_text(one["id"]), dump_json(one)) for one in letters)
            last = int(letters[-1]["number"])
        except (KeyError, TypeError, ValueError) as error:
            message = "listing letters: a letter lacks its id or number"
            raise ProtocolBroken(message) from error
        if last <= after:
            message = f"listing letters: the list does not move on after {after}"
            raise ProtocolBroken(message)
        after = last
        yield Page(items, str(after))


@hookimpl
def minsheng_parse(settings: Settings, item: RawItem) -> ParsedMessage:
    try:
        letter: Any = load_json(item.raw)
        return ParsedMessage(
            external_id=as_text(letter["id"]),
            subject=as_text(letter["subject"]),
            body=as_text(letter["body"]),
            received_at=_moment(as_text(letter["time"])),
            citizen=Citizen(as_text(letter["name"]), as_text(letter["phone"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        message = f"no letter of this book: {type(error).__name__}"
        raise MessageUnreadable(message) from error


@hookimpl
def minsheng_deliver(settings: Settings, reply: OutgoingReply) -> DeliveryReceipt:
    given = {"key": reply.delivery_key, "letter": reply.external_id, "text": reply.text}
    try:
        taken = _ask(settings, "POST", "/replies", data=dump_json(given))
        return DeliveryReceipt(reply.delivery_key, as_text(taken[0]["id"]))
    except (OutcomeUnknown, ProtocolBroken, LookupError, TypeError) as error:
        message = f"no word whether the reply was taken ({type(error).__name__}); look it up"
        raise DeliveryUncertain(message) from error


@hookimpl
def minsheng_look_up_delivery(settings: Settings, delivery_key: str) -> DeliveryReceipt | None:
    found = _ask(settings, "GET", "/replies", {"key": delivery_key})
    return DeliveryReceipt(delivery_key) if found else None


@hookimpl
def minsheng_loopback() -> Loopback:
    return BookLoopback()


def _ask(
    settings: Settings,
    method: str,
    path: str,
    params: Mapping[str, str] | None = None,
    data: bytes | None = None,
) -> list[Any]:
    """Make one request and return the list it is answered with; raises the SDK's errors."""
    url = check_url("base_url", str(settings["base_url"])) + path
    headers = {"Authorization": f"Bearer {settings['token']}"}
    with Transport(LIMITS) as transport:
        answer = transport.send(method, url, params=params, data=data, headers=headers)
    if method == "POST" and answer.status == 422:
        message = "the book will not take this reply; see whether the letter is still there"
        raise DeliveryRefused(message)
    require_success(answer, path)
    try:
        rows = load_json(answer.body)
    except ValueError as error:
        message = f"{path}: the answer is not JSON; check the address"
        raise ProtocolBroken(message) from error
    if not isinstance(rows, list):
        message = f"{path}: the answer is no list; check the address"
        raise ProtocolBroken(message)
    return rows


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        message = "a time without an offset"
        raise ValueError(message)
    return moment


class BookLoopback(FaultyServer):
    """The book on 127.0.0.1; start, stop, faults and the count of requests are inherited."""

    def __init__(self) -> None:
        super().__init__(self._reply_to, denied=Reply(401, b"[]"))
        self._letters: dict[str, dict[str, Any]] = {}
        self._delivered: list[OutgoingReply] = []
        self._changes = 0

    @property
    def settings(self) -> Settings:
        return {"base_url": self.base_url, "token": "loopback-token"}

    def put(self, messages: Sequence[SampleMessage]) -> None:
        for sample in messages:
            self._changes += 1
            self._letters.pop(sample.sample_id, None)  # an edited letter goes to the end
            self._letters[sample.sample_id] = {
                "id": sample.sample_id,
                "number": self._changes,
                "subject": sample.subject,
                "body": sample.body,
                "time": sample.received_at.isoformat(),
                "name": sample.citizen.name,
                "phone": sample.citizen.phone,
            }

    def delivered(self) -> list[OutgoingReply]:
        return list(self._delivered)

    def _reply_to(self, request: Request) -> Reply:
        if request.headers.get("authorization") != "Bearer loopback-token":
            return Reply(401, b"[]")
        if request.method == "POST":
            return self._take(load_json(request.body))
        if request.path == "/replies":
            keys = [reply.delivery_key for reply in self._delivered]
            return Reply(200, dump_json([key for key in keys if key == request.query["key"]]))
        after = int(request.query["after"])
        letters = [one for one in self._letters.values() if one["number"] > after]
        return Reply(200, dump_json(letters[:20]))

    def _take(self, given: Any) -> Reply:
        if given["letter"] not in self._letters:
            return Reply(422, b"[]")
        reply = OutgoingReply(given["key"], given["letter"], "", given["text"], "")
        self._delivered.append(reply)
        return Reply(200, dump_json([{"id": len(self._delivered)}]))
