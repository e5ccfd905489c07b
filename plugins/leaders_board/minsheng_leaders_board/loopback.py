"""A message board on 127.0.0.1, for the demo, the tests and the conformance kit.

It speaks the protocol of :mod:`.client`, checks every signature, and has the board's quirks: rows
out of order inside a page, list texts cut at 100 characters, leading spaces in ``from``, a
``dateline`` that moves when a letter is answered. The code for a refused signature and the codes
for an unknown letter or path are ours; SN0006 is recorded.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from minsheng_leaders_board.client import CONTENT_PATH, REPLY_PATH
from minsheng_leaders_board.signing import signature
from minsheng_sdk import Fault, OutgoingReply, SampleMessage, Settings
from minsheng_sdk.loopback_http import TOO_MANY, FaultyServer, Reply, Request
from minsheng_sdk.text import load_json

APP_CODE = "LOOPBACK0000"
TOKEN = "loopback-token"  # noqa: S105  # guards nothing but this loopback server
FORUM = "593"
_CUT_AT = 100
_MOST_ROWS = 20
Param = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Letter:
    tid: int
    sample: SampleMessage
    state: str = "待回复"
    dateline: int = 0


class BoardLoopback:
    """The server. ``throttle_status`` is how it turns quick callers away: 429 or 403."""

    def __init__(self, throttle_status: int = 429) -> None:
        self._lock = threading.RLock()
        self._letters: dict[int, _Letter] = {}
        self._tids: dict[str, int] = {}
        self._replies: dict[str, OutgoingReply] = {}
        self._http = FaultyServer(
            self._answer, _code("SN0001", "签名错误"), replace(TOO_MANY, status=throttle_status)
        )
        self._routes: Mapping[str, Callable[[Param], Reply]] = {
            "/v1/threads/list/df": self._list,
            CONTENT_PATH: self._content,
            REPLY_PATH: self._reply,
        }

    def start(self, port: int = 0) -> None:
        """Listen on a loopback port (0 = any free one)."""
        self._http.start(port)

    def stop(self) -> None:
        """Stop listening; calling it twice does no harm."""
        self._http.stop()

    @property
    def settings(self) -> Settings:
        """The settings of a channel that reaches this server, without pauses."""
        return {
            "base_url": self._http.base_url,
            "app_code": APP_CODE,
            "token": TOKEN,
            "forum": FORUM,
            "rows": _MOST_ROWS,
            "pause_ms": 0,
        }

    @property
    def requests(self) -> int:
        """How many requests were answered so far."""
        return self._http.requests

    def fail_next(self, fault: Fault, after: int = 0) -> None:
        """Misbehave once, after ``after`` more good requests."""
        self._http.fail_next(fault, after)

    def put(self, messages: Sequence[SampleMessage]) -> None:
        """Let letters arrive, or edit those whose ``sample_id`` is known.

        A later arrival has a higher tid, as on the board; within one call the order is that of
        ``received_at`` and then of the sample's id.
        """
        with self._lock:
            for sample in sorted(messages, key=_written_tid):
                if sample.sample_id not in self._tids:
                    highest = max(self._letters, default=0)
                    self._tids[sample.sample_id] = max(_written_tid(sample)[0], highest + 1)
                self._store(sample)

    def put_checked_late(self, messages: Sequence[SampleMessage]) -> None:
        """Show letters only now whose tid is that of the time they were written.

        So they stand below letters that were shown before, as after a long check of the board.
        """
        with self._lock:
            for sample in sorted(messages, key=_written_tid):
                tid = _written_tid(sample)[0]
                while tid in self._letters:
                    tid += 1
                self._tids.setdefault(sample.sample_id, tid)
                self._store(sample)

    def delivered(self) -> list[OutgoingReply]:
        """Return every official reply, in order; a repeated key counts once."""
        with self._lock:
            return list(self._replies.values())

    def _store(self, sample: SampleMessage) -> None:
        tid = self._tids[sample.sample_id]
        known = self._letters.get(tid)
        written = int(sample.received_at.timestamp())
        self._letters[tid] = (
            replace(known, sample=sample) if known else _Letter(tid, sample, dateline=written)
        )

    def _answer(self, request: Request) -> Reply:
        try:
            envelope = load_json(request.body)
        except ValueError:
            return _code("SN0006", "数据格式错误")
        if not isinstance(envelope, dict) or not isinstance(envelope.get("param"), str):
            return _code("SN0006", "数据格式错误")
        expected = signature(request.path, envelope["param"], APP_CODE, TOKEN)
        signed = (envelope.get("appCode"), envelope.get("token"), envelope.get("signature"))
        if signed != (APP_CODE, TOKEN, expected):
            return _code("SN0001", "签名错误")
        route = self._routes.get(request.path)
        if route is None:
            return _code("SN0002", "接口不存在")
        with self._lock:
            return route(json.loads(envelope["param"]))

    def _list(self, param: Param) -> Reply:
        last = int(str(param["lastItem"]) or 0)
        rows = min(int(str(param["rows"])), _MOST_ROWS)
        below = [tid for tid in self._letters if not last or tid < last]
        below.sort(reverse=True)
        page = below[:rows] if param["fid"] == FORUM else []
        return _result({"data": [_row(self._letters[tid]) for tid in _disordered(page)]})

    def _content(self, param: Param) -> Reply:
        if "replyKey" in param:
            reply = self._replies.get(str(param["replyKey"]))
            tid = int(reply.external_id) if reply else 0
        else:
            tid = int(str(param["tid"]))
        if tid not in self._letters:
            return _result({"contentList": []})
        official = [
            _official(number, reply)
            for number, reply in enumerate(self._replies.values(), start=1)
            if reply.external_id == str(tid)
        ]
        return _result({"contentList": [*official, _full_letter(self._letters[tid])]})

    def _reply(self, param: Param) -> Reply:
        tid, key = str(param["tid"]), str(param["replyKey"])
        letter = self._letters.get(int(tid)) if tid.isdigit() else None
        if letter is None:
            return _code("SN0003", "留言不存在")
        if key not in self._replies:
            self._replies[key] = OutgoingReply(
                delivery_key=key,
                external_id=tid,
                subject="",
                text=str(param["content"]),
                office=str(param["organization"]),
            )
            answered = replace(letter, state="已办理", dateline=letter.dateline + 3600)
            self._letters[letter.tid] = answered
        return _result({"replyId": _reply_id(list(self._replies).index(key) + 1)})


def _written_tid(sample: SampleMessage) -> tuple[int, str]:
    """Return the tid that the time of writing gives, and the id that breaks ties."""
    digest = hashlib.sha256(sample.sample_id.encode()).digest()
    number = int(sample.received_at.timestamp()) * 1000 + int.from_bytes(digest[:4], "big") % 1000
    return max(number, 1), sample.sample_id


def _disordered(page: Sequence[int]) -> Sequence[int]:
    """Swap neighbours, so that no row stands where its tid belongs."""
    return [tid for at in range(0, len(page), 2) for tid in reversed(page[at : at + 2])]


def _row(letter: _Letter) -> Param:
    """Write a list row with the recorded members."""
    sample = letter.sample
    cut = len(sample.body) > _CUT_AT
    return {
        "tid": letter.tid,
        "fid": int(FORUM),
        "typeId": 2,
        "nickName": f"{sample.citizen.name[0]}***" if sample.citizen.name else "",
        "subject": sample.subject,
        "content": f"{sample.body[:_CUT_AT]}..." if cut else sample.body,
        "createDateline": int(sample.received_at.timestamp()),
        "dateline": letter.dateline,
        "threadsCheckTime": letter.dateline,
        "stateInfo": letter.state,
        "forumName": sample.addressee,
        "typeName": sample.kind,
        "domainName": sample.domain,
        "answerContent": None,
        "answerOrganization": None,
        "from": f" {sample.region}",
    }


def _full_letter(letter: _Letter) -> Param:
    sample = letter.sample
    return {
        "dataType": 1,
        "tid": letter.tid,
        "subject": sample.subject,
        "content": sample.body,
        "contactName": sample.citizen.name,
        "contactPhone": sample.citizen.phone,
    }


def _official(number: int, reply: OutgoingReply) -> Param:
    return {
        "dataType": 4,
        "content": reply.text,
        "organization": reply.office,
        "replyKey": reply.delivery_key,
        "replyId": _reply_id(number),
    }


def _reply_id(number: int) -> str:
    return f"A{number:08d}"


def _result(data: Param) -> Reply:
    return Reply(200, json.dumps({"result": "success", "resultData": data}).encode())


def _code(code: str, words: str) -> Reply:
    """Answer an error as the board does: HTTP 200 with a code."""
    answer = {"result": "fail", "code": code, "resultDesc": words}
    return Reply(200, json.dumps(answer).encode())
