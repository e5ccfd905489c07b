"""The requests of the message board.

Every request is a signed JSON POST (:mod:`.signing`). Recorded from the live board:

- ``/v1/threads/list/df`` and ``/bw``: letters newest first below ``lastItem`` (the tid of the last
  row of the page before, empty at first); the answer's ``resultData.data`` holds the rows.
- ``/v1/threads/content`` with ``{"tid":…,"fromTrash":0}``: ``resultData.contentList``, entries of
  dataType 1 are the letter, of 4 official replies.
- Errors come as HTTP 200 with a code (SN0006 数据格式错误) and without ``resultData``; quick
  callers get 403 or 429; sometimes the body is empty.

Ours, since no office account's traffic is recorded: ``/v1/threads/reply`` with ``tid, content,
organization, replyKey``, which takes an equal ``replyKey`` once; ``/v1/threads/content`` asked by
``replyKey`` instead of ``tid``; the members ``replyKey`` and ``replyId`` of an official reply,
``contactName`` and ``contactPhone`` of a letter; and that a refusal of the signature or token
comes as a code whose words name one of _ACCOUNT_WORDS (or as status 401).
"""

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from minsheng_leaders_board.settings import BoardSettings
from minsheng_leaders_board.signing import list_param, signed_body
from minsheng_sdk import (
    CredentialsRefused,
    DeliveryRefused,
    DeliveryUncertain,
    OutgoingReply,
    ProtocolBroken,
)
from minsheng_sdk.http import (
    AnswerTooLarge,
    OutcomeUnknown,
    Transport,
    require_success,
)
from minsheng_sdk.text import as_text, clean, load_json

CONTENT_PATH = "/v1/threads/content"
REPLY_PATH = "/v1/threads/reply"
LETTER = "1"
OFFICIAL_REPLY = "4"
_THROTTLES = (403, 429)
_ACCOUNT_WORDS = ("签名", "token", "令牌", "appCode", "登录", "权限")
_HEADERS = {"Content-Type": "application/json;charset=UTF-8"}


class CodeAnswered(ProtocolBroken):
    """The board answered with a code of its own instead of a result."""


class FormUnknown(ProtocolBroken):
    """The board's answer is neither a result nor a code."""


class BoardClient:
    """One session with the board that keeps its pace; use it as a context manager."""

    def __init__(self, settings: BoardSettings) -> None:
        self._settings = settings
        self._transport = Transport(settings.limits)
        self._called = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._transport.__exit__(kind, error, trace)

    def threads(self, last_item: str) -> Sequence[object]:
        """Return a page of list rows below ``last_item``, newest first ("" = from the top)."""
        section, rows = self._settings.section, self._settings.rows
        param = list_param(section, self._settings.forum, self._settings.type_id, last_item, rows)
        data = self._call(f"/v1/threads/list/{section}", param).get("data")
        if not isinstance(data, list):
            message = "listing letters: the answer holds no list 'data'"
            raise FormUnknown(message)
        return data

    def content(self, tid: int) -> Mapping[str, object]:
        """Return the detail of a letter."""
        return self._call(CONTENT_PATH, {"tid": str(tid), "fromTrash": 0})

    def reply(self, reply: OutgoingReply) -> str:
        """Publish an official reply and return the board's id of it.

        Raises DeliveryRefused when the board answers with a code, DeliveryUncertain when it may
        have taken the reply.
        """
        param = {
            "tid": clean(reply.external_id),
            "content": clean(reply.text),
            "organization": clean(reply.office),
            "replyKey": clean(reply.delivery_key),
        }
        try:
            return as_text(self._call(REPLY_PATH, param).get("replyId"))
        except CodeAnswered as error:
            raise DeliveryRefused(str(error)) from error
        except (OutcomeUnknown, AnswerTooLarge, FormUnknown, TypeError) as error:
            message = f"no word whether the reply was taken ({error}); ask the board by its key"
            raise DeliveryUncertain(message) from error

    def find_reply(self, delivery_key: str) -> Mapping[str, object] | None:
        """Return the official reply that bears this key, None when there is none."""
        param = {"replyKey": clean(delivery_key), "fromTrash": 0}
        try:
            found = entries(self._call(CONTENT_PATH, param))
        except TypeError as error:
            message = f"looking up a reply: {error}"
            raise FormUnknown(message) from error
        for entry in found:
            official = str(entry.get("dataType")) == OFFICIAL_REPLY
            if official and entry.get("replyKey") == delivery_key:
                return entry
        return None

    def _call(self, path: str, param: Mapping[str, object]) -> Mapping[str, object]:
        if self._called:
            time.sleep(self._settings.pause)
        self._called = True
        body = signed_body(path, param, self._settings.app_code, self._settings.token)
        url = self._settings.base_url + path
        answer = self._transport.send("POST", url, data=body, headers=_HEADERS)
        require_success(answer, path, _THROTTLES)
        return _result(answer.body, path)


def entries(detail: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    """Return a detail's entries; an absent list is an empty one.

    Raises TypeError when the list or an entry has another form.
    """
    content_list = detail.get("contentList")
    if content_list is None:
        return []
    if not isinstance(content_list, list) or not all(isinstance(e, dict) for e in content_list):
        message = "contentList is no list of objects"
        raise TypeError(message)
    return content_list


def _result(body: bytes, path: str) -> Mapping[str, object]:
    try:
        answer = load_json(body)
    except ValueError as error:
        message = f"{path}: the answer is not JSON; check the address in the settings"
        raise FormUnknown(message) from error
    if not isinstance(answer, dict):
        message = f"{path}: the answer is a {type(answer).__name__}, not an object"
        raise FormUnknown(message)
    result = answer.get("resultData")
    if isinstance(result, dict):
        return result
    raise _refusal(answer, path)


def _refusal(answer: Mapping[str, object], path: str) -> Exception:
    code, words = answer.get("code"), answer.get("resultDesc")
    if not isinstance(code, str | int):
        return FormUnknown(f"{path}: the answer holds neither resultData nor a code")
    said = clean(words)[:60] if isinstance(words, str) else "no reason given"
    message = f"{path}: the board answers {clean(str(code))[:20]}: {said}"
    if any(word in said for word in _ACCOUNT_WORDS):
        return CredentialsRefused(f"{message}; check app code and token")
    return CodeAnswered(message)
