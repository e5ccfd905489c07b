"""A plugin that conforms, and its source: a list in this process, with a protocol and faults.

Read it to see what a plugin is; the tests of the kit break it in one way after another. Its source
answers like a small web service (a status and a body), orders arrivals by second and then by
arrival, and lists ``limit`` of them from a second on, leaving out ``skip``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from minsheng_sdk.errors import (
    ChannelError,
    CredentialsRefused,
    DeliveryUncertain,
    MessageUnreadable,
    ProtocolBroken,
    RateLimited,
    SourceUnavailable,
)
from minsheng_sdk.loopback import Fault, Loopback
from minsheng_sdk.records import (
    ChannelInfo,
    CheckReport,
    Citizen,
    DeliveryReceipt,
    OutgoingReply,
    Page,
    ParsedMessage,
    RawItem,
    SampleMessage,
    SettingField,
    Settings,
)
from minsheng_sdk.spec import hookimpl

PAGE_ITEMS = 7
TOKEN = "dummy-token-4711"  # noqa: S105 - opens a list in this process

_SOURCES: dict[str, "DummyLoopback"] = {}
_NUMBERS = count(1)
_STATUS: dict[Fault, int] = {"refuse": 500, "throttle": 429, "deny": 401}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the source answers; ``status`` and ``body`` as in HTTP."""

    status: int
    body: bytes


class DummyLoopback:
    """The source, reached by its address within this process."""

    def __init__(self) -> None:
        self._address = ""
        self._rows: dict[str, dict[str, Any]] = {}
        self._delivered: list[OutgoingReply] = []
        self._requests = 0
        self._fault: tuple[Fault, int] | None = None

    def start(self, port: int = 0) -> None:
        """Be found under an address of its own."""
        self._address = f"dummy-{port or next(_NUMBERS)}"
        _SOURCES[self._address] = self

    def stop(self) -> None:
        """Be found no more."""
        _SOURCES.pop(self._address, None)

    @property
    def settings(self) -> Settings:
        """The settings of a channel that reaches this source."""
        return {"address": self._address, "token": TOKEN}

    @property
    def requests(self) -> int:
        """How many requests were answered."""
        return self._requests

    def put(self, messages: Sequence[SampleMessage]) -> None:
        """Let messages arrive."""
        for message in messages:
            number = self._rows.get(message.sample_id, {}).get("arrival", len(self._rows))
            self._rows[message.sample_id] = _row(message, number)

    def fail_next(self, fault: Fault, after: int = 0) -> None:
        """Misbehave once."""
        self._fault = (fault, after)

    def delivered(self) -> list[OutgoingReply]:
        """The replies that arrived."""
        return list(self._delivered)

    def request(self, token: str, verb: str, query: Mapping[str, Any]) -> Answer:
        """Answer one request; raises ConnectionResetError for the fault ``drop``."""
        self._requests += 1
        fault = self._due_fault()
        status = _STATUS.get(fault) if fault else None
        if status is None and token != TOKEN:
            status = 401
        if status is not None:
            return Answer(status, b"")
        # These three lose the answer and not the work: the case that tells careful plugins apart.
        done = Answer(200, json.dumps(self._do(verb, query)).encode())
        if fault == "drop":
            message = "connection reset by peer"
            raise ConnectionResetError(message)
        bodies: dict[Fault | None, bytes] = {"empty": b"", "garbage": b"\x00<html>"}
        return Answer(200, bodies.get(fault, done.body))

    def _due_fault(self) -> Fault | None:
        if self._fault is None:
            return None
        fault, after = self._fault
        self._fault = (fault, after - 1) if after else None
        return None if after else fault

    def _do(self, verb: str, query: Mapping[str, Any]) -> object:
        if verb == "list":
            return self._list(query["since"], query["skip"], query["limit"])
        if verb == "reply":
            self._delivered.append(query["reply"])
            return {"id": f"r{len(self._delivered)}"}
        keys = [reply.delivery_key for reply in self._delivered]
        return {"id": f"r{keys.index(query['key']) + 1}" if query["key"] in keys else None}

    def _list(self, since: str, skip: int, limit: int) -> list[dict[str, Any]]:
        rows = sorted(self._rows.values(), key=lambda row: (row["time"], row["arrival"]))
        return [row for row in rows if row["time"] >= since][skip : skip + limit]


def _row(message: SampleMessage, arrival: int) -> dict[str, Any]:
    return {
        "id": message.sample_id,
        "arrival": arrival,
        "time": message.received_at.isoformat(timespec="seconds"),
        "subject": message.subject,
        "body": message.body,
        "name": message.citizen.name,
        "phone": message.citizen.phone,
    }


class DummyPlugin:
    """The plugin; a module with the same functions would do as well."""

    @hookimpl
    def minsheng_channel_info(self) -> ChannelInfo:
        """See the specification, as for every hook below."""
        return ChannelInfo("dummy", "示例", "Dummy", "例", "D", can_deliver=True, can_look_up=True)

    @hookimpl
    def minsheng_settings_schema(self) -> tuple[SettingField, ...]:
        """An address and a secret."""
        return (
            SettingField("address", "text", "地址", "Address"),
            SettingField("token", "secret", "令牌", "Token"),
            SettingField("page_items", "integer", "每页条数", "Items a page", default=PAGE_ITEMS),
        )

    @hookimpl
    def minsheng_check(self, settings: Settings) -> CheckReport:
        """Ask for nothing and see whether the source answers."""
        try:
            self.ask(settings, "list", since="", skip=0, limit=0)
        except ChannelError as error:
            return CheckReport(False, (f"来源未接受：{error}",), (f"the source said no: {error}",))
        return CheckReport(True, ("来源可用",), ("the source answers",))

    @hookimpl
    def minsheng_pull(self, settings: Settings, cursor: str) -> Iterator[Page]:
        """Go on at the second of the last arrival, past those of that second already seen."""
        since, skip = json.loads(cursor) if cursor else ("", 0)
        while rows := self.ask(
            settings, "list", since=since, skip=skip, limit=settings["page_items"]
        ):
            last = rows[-1]["time"]
            before = skip if last == since else 0
            since, skip = last, before + sum(row["time"] == last for row in rows)
            yield Page(tuple(self.item(row) for row in rows), json.dumps([since, skip]))

    @hookimpl
    def minsheng_parse(self, settings: Settings, item: RawItem) -> ParsedMessage:  # noqa: ARG002
        """Read a row."""
        try:
            row = json.loads(item.raw)
            return ParsedMessage(
                external_id=row["id"],
                subject=row["subject"],
                body=row["body"],
                received_at=self.moment(row["time"]),
                citizen=Citizen(row["name"], row["phone"]),
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            message = f"no row of this source: {type(error).__name__}"
            raise MessageUnreadable(message) from error

    @hookimpl
    def minsheng_deliver(self, settings: Settings, reply: OutgoingReply) -> DeliveryReceipt:
        """Send the reply; an answer that is lost or unreadable leaves the outcome open."""
        try:
            answer = self.ask(settings, "reply", reply=reply)
        except (LostAnswer, ProtocolBroken) as error:
            raise DeliveryUncertain(str(error)) from error
        return DeliveryReceipt(reply.delivery_key, answer["id"])

    @hookimpl
    def minsheng_look_up_delivery(
        self, settings: Settings, delivery_key: str
    ) -> DeliveryReceipt | None:
        """Ask for the reply by its key."""
        remote = self.ask(settings, "find", key=delivery_key)["id"]
        return DeliveryReceipt(delivery_key, remote) if remote else None

    @hookimpl
    def minsheng_loopback(self) -> Loopback:
        """A source in this process."""
        return DummyLoopback()

    def item(self, row: dict[str, Any]) -> RawItem:
        """Make the item of a row; the source's own id names it for ever."""
        return RawItem(row["id"], json.dumps(row, ensure_ascii=False).encode())

    def moment(self, text: str) -> datetime:
        """Read a time; raises ValueError unless it is one with an offset."""
        moment = datetime.fromisoformat(text)
        if moment.utcoffset() is None:
            message = "a time without an offset"
            raise ValueError(message)
        return moment

    def ask(self, settings: Settings, verb: str, **query: object) -> Any:  # noqa: ANN401 - JSON
        """Make one request and say in the SDK's errors what went wrong."""
        source = _SOURCES.get(str(settings["address"]))
        if source is None:
            message = "no source at this address"
            raise SourceUnavailable(message)
        try:
            answer = source.request(str(settings["token"]), verb, query)
        except ConnectionResetError as error:
            message = "the source closed the connection"
            raise LostAnswer(message) from error
        return self.read(answer)

    def read(self, answer: Answer) -> Any:  # noqa: ANN401 - JSON
        """Return the body of a good answer, raise what a bad one means."""
        errors: dict[int, ChannelError] = {
            401: CredentialsRefused("the source refused the token, enter a new one"),
            429: RateLimited("the source asks for patience", 30.0),
            500: SourceUnavailable("the source failed"),
        }
        if answer.status in errors:
            raise errors[answer.status]
        if not answer.body:
            message = "the source answered nothing"
            raise LostAnswer(message)
        try:
            return json.loads(answer.body)
        except ValueError as error:
            message = "the source answered in no known form"
            raise ProtocolBroken(message) from error


class LostAnswer(SourceUnavailable):
    """The source may have done its work, its answer did not arrive."""
