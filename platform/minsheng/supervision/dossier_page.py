"""What the dossier's PDF shows of the rows: letters and answers in full, the rest as tables."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from minsheng.documents.pages import fill

CHINA = ZoneInfo("Asia/Shanghai")
_Rows = Mapping[str, Sequence[Mapping[str, Any]]]
PARTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "case_events": ("经过", {"at": "时间", "kind": "事项", "actor": "经手", "data": "内容"}),
    "handovers": (
        "交办",
        {
            "sent_at": "时间",
            "from_name": "自",
            "to_name": "至",
            "state": "状态",
            "note": "意见",
            "reason": "退回理由",
        },
    ),
    "instructions": (
        "批示",
        {"signed_at": "时间", "leader_name": "领导", "body": "批示", "done_words": "落实"},
    ),
    "demands": ("诉求分项", {"number": "序", "text": "诉求", "answer": "办理"}),
    "visits": (
        "现场核查",
        {"visited_at": "时间", "place": "地点", "people": "人员", "words": "情况"},
    ),
    "contacts": ("线下沟通", {"met_at": "时间", "way": "方式", "people": "人员", "words": "情况"}),
    "commitments": (
        "承诺",
        {"due_on": "日期", "text": "承诺", "state": "状态", "evidence": "凭据"},
    ),
    "call_backs": (
        "回访",
        {"called_at": "时间", "result": "结果", "words": "情况", "called_by": "回访人"},
    ),
    "ratings": (
        "评价",
        {"rated_at": "时间", "solved": "解决程度", "manner": "办理态度", "speed": "办理速度"},
    ),
    "outbox": (
        "送达",
        {"sent_at": "时间", "state": "状态", "delivery_key": "编号", "detail": "回执"},
    ),
}
"""Table, title and columns with their words; what a table does not have is left out."""
_NUMERALS = "三四五六七八九十"


def draw(about: Mapping[str, Any], rows: _Rows, files: Mapping[str, bytes]) -> str:
    """The HTML of a dossier."""
    return fill(
        "dossier.html",
        about=about,
        made_at=_moment(datetime.fromisoformat(str(about["made_at"]))),
        messages=[_message(row, files) for row in rows.get("messages", ())],
        replies=[_reply(row) for row in rows.get("replies", ())],
        parts=_parts(rows),
        files=[(path, len(content), _digest(content)) for path, content in sorted(files.items())],
    )


def _message(row: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    original = json.loads(files[row["original"]["file"]])
    citizen = json.loads(row["citizen"])
    return {
        "subject": original["subject"],
        "body": original["body"],
        "received": _moment(row["received_at"]),
        "plugin": row["plugin"],
        "external_id": row["external_id"],
        "who": "，".join(value for value in citizen.values() if value) or "未留姓名",
    }


def _reply(row: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: row.get(name) or "" for name in _REPLY}
    return said | {"approved": _moment(row.get("approved_at"))}


_REPLY = ("round", "kind", "state", "drafted_by", "approved_by", "public_text", "private_text")


def _parts(rows: _Rows) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for table, (title, columns) in PARTS.items():
        listed = rows.get(table, ())
        if not listed:
            continue
        shown = [name for name in columns if name in listed[0]]
        parts.append(
            {
                "number": _NUMERALS[len(parts)] if len(parts) < len(_NUMERALS) else "附",
                "title": title,
                "columns": [columns[name] for name in shown],
                "rows": [[_cell(row[name]) for name in shown] for row in listed],
            }
        )
    return parts


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)


def _moment(value: datetime | None) -> str:
    return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M") if value else ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
