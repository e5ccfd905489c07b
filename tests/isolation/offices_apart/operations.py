"""Every operation and page, with what a request of it carries: ids under attack and plain values.

A new route, path place, query parameter, body member or form field must be entered here; the
tests of this folder say so and name what is missing. ``Id("case")`` marks a place where an id of
that kind stands: each such place is attacked with ids of other offices. Everything else is a
plain value, or a function that gives a fresh one.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LIFT = "槐河家园3号楼的电梯停运一周，老人下不了楼，请督促物业尽快维修电梯，谢谢。"


@dataclass(frozen=True)
class Id:
    """A place for an id: ``kind`` in the ids of an office; ``own`` what it gives of its own.

    ``public`` says why it is no secret whether such an id exists; the answers then may differ.
    """

    kind: str
    own: str = ""
    public: str = ""


@dataclass(frozen=True)
class Given:
    """What a request carries. ``silent`` says why the own id answers like one that is nowhere."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    form: Mapping[str, Any] = field(default_factory=dict)
    silent: str = ""
    refused: str = ""
    """Why the own request is answered by an error here (no live source, say)."""
    echoes: str = ""
    """Why ids that its people typed may stand in the answer, be they other offices' ids."""
    ends: bool = False
    """Whether it may end the login session of whoever asks."""


def fresh(prefix: str) -> Callable[[], str]:
    """A new value for each request."""
    return lambda: f"{prefix}{uuid.uuid4().hex[:8].upper()}"


def fresh_small(prefix: str) -> Callable[[], str]:
    """A new value in small letters."""
    return lambda: f"{prefix}{uuid.uuid4().hex[:8]}"


CASE, OTHER = Id("case"), Id("case", own="other_case")
BELOW = Id("tenant", own="below")
CHANNEL, TENANT, FINDING = Id("channel"), Id("tenant"), Id("finding")
MESSAGE, ASIDE = Id("message"), Id("aside")
CLIENT, PROVIDER = {"client_id": Id("client")}, {"code": Id("provider")}
NUMBER, CODE, USER = {"number": CASE}, {"code": CHANNEL}, Id("user")
MESSAGE_OF_CASE = {"number": CASE, "message": MESSAGE}
_HANDOVER = {"handover_id": Id("handover")}
_REPLY_OF_CASE = {"number": CASE, "reply": Id("reply")}
_TEXTS = {"public_text": "已修好", "private_text": "", "cites": ""}
_WHY = {"reason": "情况有变"}


def _any_id() -> str:
    """An id of nothing: what is one person's own answers alike to everybody else."""
    return str(uuid.uuid4())


_CROSSING = {"crossing_id": Id("crossing")}
_GOT = {"handover_id": Id("handover", own="got")}
_INSTRUCTION = {"instruction_id": Id("instruction")}
_BACK_TO_CASE = "the message is what counts; the number only says where to go back to"
_SECRET = "a machine proves itself by a secret; see test_covert.py"
_DOOR = "nobody of this name; the door itself is looked at in test_covert.py"
_NO_SOURCE = "nobody answers at the address of the channel"
_PORTAL = (
    "an office that is nowhere; the portals are looked at in tests/faces/pages/test_portal_*.py"
)
_WRITTEN = {"key": "x", "name": "甲", "phone": "13800138009", "body": LIFT}
_SAID = {
    "external_id": fresh("X"), "subject": "电梯停运", "body": LIFT, "confidential": False,
    "received_at": "2026-11-19T09:00:00+08:00", "region": "", "addressee": "", "kind": "",
    "citizen": {"name": "甲", "phone": "13800138009", "email": "a@example.org"},
}  # fmt: skip
_PROVIDER = {
    "name": "统一登录", "issuer": "https://idp.example.org", "client_id": "desk",
    "client_secret": "geheim-4711-geheim", "scopes": "openid profile",
}  # fmt: skip
_QUEUE = {
    "view": "all", "state": "open", "channel": CHANNEL, "q": Id("case"), "sort": "-last_at",
    "cursor": "",
}  # fmt: skip
_NOVEMBER = {
    "since": "2026-11-01T00:00:00+08:00", "until": "2026-12-01T00:00:00+08:00", "sample": 50,
    "seed": 1,
}  # fmt: skip
_LOOKS = "the trail keeps what its reader looked for"
_TRAIL = {
    "who": "",
    "action": "",
    "object": Id("case", own="survivor"),
    "since": "",
    "until": "",
    "refused": "",
}
_WINDOW = {"office": BELOW, "since": "", "until": ""}
_MERGE = {"other": OTHER, "reason": "同一件事"}

_CHOSEN = {"password": "lao-shi-de-kou-ling-8", "again": "lao-shi-de-kou-ling-7"}
_HALF = "whoever is logged in has no login half done; its forms carry that login's own token"

NOTICE = {"done", "about"}
"""Parameters of every page: a word of a fixed list, and a text that is looked up nowhere."""

_REPLY = {"reply_id": Id("reply")}
_SENT = {"delivery_id": Id("delivery")}
_ANSWERED = {"number": Id("case", own="survivor")}
_CITED = "the refusal names the document as its people typed it"
_WORDS = {"public_text": "已修复", "private_text": "", "cites": []}
_ONCE = "a version of a reply is changed once, and this one has been"
_GONE = "the delivery is not in the one state in which this can be done"
_HELD = "nothing is on hold any more"

API: Mapping[str, Given] = {
    "GET /cases/<number>/replies": Given(_ANSWERED),
    "POST /cases/<number>/replies": Given(
        _ANSWERED, body={**_WORDS, "template": Id("template"), "values": {"事项": "路灯"}}
    ),
    "POST /cases/<number>/replies/correct": Given(
        _ANSWERED, body={**_WORDS, "cites": [Id("document")]}, echoes=_CITED
    ),
    "POST /cases/<number>/writing": Given(_ANSWERED),
    "GET /cases/<number>/deliveries": Given(_ANSWERED),
    "GET /replies/<uuid:reply_id>": Given(_REPLY),
    "POST /replies/<uuid:reply_id>/save": Given(
        _REPLY,
        body={**_WORDS, "cites": [Id("document")], "version": 1},
        refused=_ONCE,
        echoes=_CITED,
    ),
    "POST /replies/<uuid:reply_id>/submit": Given(_REPLY, body={"version": 1}, refused=_ONCE),
    "POST /replies/<uuid:reply_id>/drop": Given(_REPLY, body={"version": 0}, refused=_ONCE),
    "POST /replies/<uuid:reply_id>/send-back": Given(
        _REPLY, body={"version": 1, "reason": "请写明时间"}, refused=_ONCE
    ),
    "POST /replies/<uuid:reply_id>/acknowledge": Given(
        _REPLY, body={"version": 1}, refused=_ONCE
    ),
    "POST /replies/<uuid:reply_id>/approve": Given(_REPLY, body={"version": 1}, refused=_ONCE),
    "POST /replies/<uuid:reply_id>/extend": Given({"reply_id": Id("reply", own="official")}),
    "GET /deliveries": Given(
        query={"state": "", "channel": CHANNEL, "cursor": "", "limit": 50},
        silent="what stands on a channel that is not the office's is an empty list",
    ),
    "GET /deliveries/state": Given(),
    "POST /deliveries/<uuid:delivery_id>/resend": Given(_SENT, refused=_GONE),
    "POST /deliveries/<uuid:delivery_id>/settle": Given(
        _SENT, body={"arrived": True, "reason": "电话核实"}, refused=_GONE
    ),
    "POST /deliveries/<uuid:delivery_id>/taken": Given(_SENT),
    "POST /deliveries/hold": Given(body={"reason": "恢复后核对"}),
    "POST /deliveries/release": Given(
        body={"reason": "已核对", "unsent": False}, refused=_HELD
    ),
    "GET /reply-templates": Given(),
    "POST /reply-templates": Given(
        body={"code": fresh_small("t"), "title": "办结", "text": "{{事项}}已办结"}
    ),
    "POST /reply-templates/<code>/withdraw": Given(
        {"code": Id("template")}, refused="it was taken out of use before"
    ),
    "GET /documents": Given(query={"q": Id("document")}),
    "POST /documents": Given(
        body={"code": fresh("文"), "title": "办法", "url": "https://example.org/2"}
    ),
    "POST /documents/state": Given(body={"code": Id("document"), "state": "dead"}),
    "GET /reply-rules": Given(),
    "POST /reply-rules": Given(body={"adopt": "review", "give_up_days": 7}),
    "POST /channels/<code>/receipt": Given(CODE, body={"on": False, "text": "收悉"}),
    "GET /tenants": Given(query={"cursor": "", "limit": 50}),
    "POST /tenants": Given(
        body={"code": fresh("X-"), "name": "某局", "kind": "department", "parent": TENANT}
    ),
    "GET /tenants/<code>": Given(path={"code": TENANT}),
    "GET /metrics": Given(query=_WINDOW),
    "GET /channels": Given(),
    "POST /channels": Given(
        body={
            "code": fresh("c"), "plugin": "mailbox", "name": "信", "settings": {}, "pushed": True,
        }
    ),
    "POST /channels/<code>/check": Given(CODE, refused=_NO_SOURCE),
    "POST /channels/<code>/pull": Given({"code": Id("channel", own="pulled")}),
    "POST /channels/<code>/pause": Given({"code": Id("channel", own="pulled")}),
    "POST /channels/<code>/resume": Given({"code": Id("channel", own="paused")}),
    "POST /messages": Given(body={"channel": CHANNEL, **_SAID}),
    "POST /messages/batch": Given(body={"messages": [{"channel": CHANNEL, **_SAID}]}),
    "GET /cases": Given(query={**_QUEUE, "limit": 50}),
    "GET /cases/<number>": Given(NUMBER),
    "GET /cases/<number>/timeline": Given(NUMBER),
    "GET /cases/<number>/similar": Given(NUMBER),
    "POST /cases/<number>/dossier": Given(path=NUMBER, body={"purpose": "verify", "words": ""}),
    "POST /cases/<number>/merge": Given(NUMBER, body={**_MERGE, "despite_not_same": False}),
    "POST /cases/<number>/unmerge": Given(
        {"number": Id("case", own="survivor")},
        body={"other": Id("case", own="joined"), "reason": "不是一件事"},
    ),
    "POST /cases/<number>/split": Given(
        {"number": Id("case", own="survivor")},
        body={"messages": [Id("message", own="joined_message")], "reason": "另一件事"},
    ),
    "POST /messages/<uuid:message_id>/citizen": Given(
        {"message_id": MESSAGE}, body={"purpose": "contact", "words": ""}
    ),
    "POST /messages/<uuid:message_id>/confidential": Given(
        {"message_id": MESSAGE}, body={"confidential": True, "reason": "本人要求"}
    ),
    "POST /cases/<number>/complained": Given(
        NUMBER, body={"office": TENANT, "complained": True, "reason": "反映本单位"}
    ),
    "GET /clients": Given(query={"cursor": "", "limit": 50}),
    "POST /clients": Given(body={"name": fresh("机"), "scopes": ["cases:read"]}),
    "GET /clients/<client_id>": Given(CLIENT),
    "POST /clients/<client_id>/narrow": Given(CLIENT, body={"scopes": ["cases:read"]}),
    "POST /clients/<client_id>/revoke-tokens": Given(CLIENT),
    "POST /clients/<client_id>/off": Given(CLIENT),
    "POST /clients/self/rotate": Given(),
    "GET /users": Given(query={"q": USER, "role": "", "state": "", "cursor": "", "limit": 50}),
    "GET /users/<username>": Given({"username": USER}),
    "POST /users": Given(
        body={
            "username": fresh_small("u"), "name": "李建军", "unit": "", "roles": ["handler"],
            "last_day": "2027-06-30",
        }
    ),
    "POST /users/<username>/off": Given({"username": USER}),
    "GET /portal": Given(),
    "POST /portal": Given(
        body={
            "name": "某县网上受理", "welcome": "您好", "contact": "12345", "accent": "#1c4f93",
            "accent_dark": "", "open": True, "low_at": 2, "rate_days": 7, "reopen_days": 30,
        }
    ),
    "POST /channels/<code>/ratings": Given(
        CODE,
        body={
            "external_id": fresh("X"), "solved": 5, "manner": 5, "speed": None, "words": "",
            "rated_at": "2026-11-20T09:00:00+08:00",
        },
        silent="no message of this name has come by any channel",
        refused="no message of this name has come by any channel",
    ),
    "GET /cases/<number>/ratings": Given(NUMBER),
    "POST /cases/<number>/publish": Given(
        NUMBER, body={"subject": "电梯停运维修", "reason": ""}
    ),
    "POST /cases/<number>/unpublish": Given(
        NUMBER, body={"reason": ""}, silent="it is shown to nobody", refused="it is shown to nobody"
    ),
    "GET /low-ratings": Given(query={"state": "all", "after": "", "limit": 50}),
    "POST /low-ratings/<uuid:review>/close": Given(
        {"review": str(uuid.UUID(int=1))},
        body={"cause": "没有上门", "responsible": "住建局", "action": "重新上门检修"},
    ),
    "GET /samples": Given(query={"after": "", "limit": 50}),
    "POST /samples": Given(
        body={
            "since": "2026-11-01T00:00:00+08:00", "until": "2026-12-01T00:00:00+08:00",
            "seed": "1", "share": 0.1, "count": None,
        }
    ),
    "GET /samples/<uuid:sample>": Given({"sample": str(uuid.UUID(int=1))}),
    "POST /samples/<uuid:sample>/cases/<number>": Given(
        {"sample": str(uuid.UUID(int=1)), **NUMBER},
        body={"result": "sound", "words": "现场看过"},
        silent="no case of this office was drawn in it",
        refused="no case of this office was drawn in it",
    ),
    "POST /findings/<uuid:finding_id>/answer": Given(
        {"finding_id": FINDING}, body={"outcome": "different", "reason": "两栋楼"}
    ),
    "POST /findings/answers": Given(
        body={"answers": [{"finding": FINDING, "outcome": "related"}], "reason": "两栋楼"}
    ),
    "GET /matching": Given(),
    "PATCH /matching": Given(body={"join": 0.97, "review": 0.5, "auto_join": "citizen"}),
    "GET /matching/figures": Given(query={"since": "2026-11-01", "until": "2026-11-30"}),
    "GET /matching/joins": Given(query={**_NOVEMBER, "cursor": "", "limit": 50}),
    "POST /matching/joins/<uuid:message_id>/verdict": Given(
        {"message_id": MESSAGE}, body={"verdict": "right", "sampled": True, "reason": "同一件事"},
        silent="the matcher joined nothing here",
        refused="the matcher joined nothing here",
    ),
    "POST /cases/<number>/dispatch": Given(
        NUMBER,
        body={
            "to": BELOW, "role": "co", "due_at": "2027-06-30T17:00:00+08:00", "note": "请办理",
            "demands": ["报照片"], "with_contact": False, "reason": "",
        },
    ),
    "POST /handovers": Given(
        body={"items": [{"case": CASE, "to": BELOW, "role": "co"}], "reason": ""}
    ),
    "GET /cases/<number>/custody": Given(NUMBER),
    "GET /crossings": Given(query={"state": "", "cursor": "", "limit": 50}),
    "POST /crossings/<uuid:crossing_id>/agree": Given(_CROSSING),
    "POST /crossings/<uuid:crossing_id>/decline": Given(_CROSSING, body={"reason": "两栋楼"}),
    "GET /crossings/rules": Given(),
    "POST /crossings/rules": Given(body={"rules": ["territory", "first_receiver"]}),
    "GET /crossings/choices": Given(),
    "POST /crossings/choices/<uuid:crossing_id>": Given(
        {"crossing_id": Id("choice")}, body={"lead": TENANT}
    ),
    "GET /handovers": Given(
        query={"direction": "out", "state": "", "cursor": "", "limit": 50},
        echoes="who handed it down sees in the list what the body below has got",
    ),
    "GET /handovers/<uuid:handover_id>": Given(_HANDOVER),
    "POST /handovers/<uuid:handover_id>/files/<int:number>": Given(
        _GOT | {"number": "1"},
        body={"purpose": "verify", "words": ""},
        silent="nothing with a file was handed over here",
        refused="nothing with a file was handed over here",
    ),
    "POST /handovers/<uuid:handover_id>/accept": Given(_GOT),
    "POST /handovers/<uuid:handover_id>/return": Given(_GOT, body={"reason": "不属于本单位"}),
    "POST /handovers/<uuid:handover_id>/recall": Given(_HANDOVER, body={"reason": "直接办理"}),
    "GET /cases/<number>/instructions": Given(NUMBER),
    "POST /instructions/<uuid:instruction_id>/follow-ups": Given(
        _INSTRUCTION, body={"words": "已到现场"}
    ),
    "POST /instructions/<uuid:instruction_id>/done": Given(_INSTRUCTION, body={"words": "已办结"}),
}  # fmt: skip
"""The operations below ``/api/v1``."""

# How a case is handled. Ids of people name accounts that may only read here, so that the own
# request is refused as well.
_UNFIT = "the person may read only"
_LATE = "the case is not where this can be done"
_VERSION = {"version": None, "reason": "按流程"}
_BY = {**_VERSION, "person": USER}
_ONE = {"number": CASE}
API_HANDLING: Mapping[str, Given] = {
    "GET /cases/<number>/handling": Given(_ONE),
    "GET /cases/<number>/deadline": Given(_ONE),
    "POST /cases/<number>/claim": Given(_ONE, body=_BY, refused=_UNFIT),
    "POST /cases/<number>/release": Given(_ONE, body=_VERSION),
    "POST /cases/<number>/assign": Given(
        _ONE, body={**_VERSION, "handler": USER, "unit": ""}, refused=_UNFIT
    ),
    "POST /cases/<number>/advance": Given(
        _ONE, body={**_BY, "words": ""}, refused="the case may be at its last step"
    ),
    "POST /cases/<number>/return": Given(
        _ONE,
        body={**_BY, "to": ""},
        refused=_LATE,
        silent="a case at its first step goes back for nobody, whoever is named",
    ),
    "POST /cases/<number>/review": Given(
        _ONE,
        body={**_BY, "words": "", "outcome": "pass"},
        refused=_LATE,
        silent="the case waits for nobody's review, whoever is named",
    ),
    "POST /cases/<number>/pause": Given({"number": OTHER}, body=_VERSION),
    "POST /cases/<number>/resume": Given({"number": OTHER}, body=_VERSION),
    "POST /cases/<number>/grade": Given(_ONE, body={**_VERSION, "grade": "complex"}),
    "POST /cases/<number>/deadline": Given(
        _ONE, body={**_VERSION, "due_at": "2027-03-01T17:30:00+08:00"}
    ),
    "POST /cases/<number>/extensions": Given(
        _ONE, body={**_VERSION, "person": "", "id": None, "days": 3},
        refused="one is asked for already",
    ),
    "POST /cases/<number>/extensions/<uuid:extension>": Given(
        {"number": CASE, "extension": Id("extension")},
        body={"grant": True, "person": "lingdao", "words": ""},
    ),
    "POST /cases/<number>/close": Given(
        _ONE,
        body={**_BY, "words": "", "outcome": "resolved"},
        refused=_LATE,
        silent="a case that is not done is closed by nobody, whoever is named",
    ),
    "POST /cases/<number>/reopen": Given(_ONE, body=_VERSION),
    "POST /cases/<number>/exempt": Given(_ONE, body={**_VERSION, "person": "", "what": "reply"}),
    "GET /cases/<number>/demands/proposed": Given(_ONE),
    "POST /cases/<number>/demands": Given(_ONE, body={**_VERSION, "texts": ["修电梯"]}),
    "POST /cases/<number>/demands/<int:demand>/answer": Given(
        {"number": CASE, "demand": "1"}, body={**_VERSION, "answer": "已修好"}
    ),
    "POST /cases/<number>/call-backs": Given(
        _ONE,
        body={"id": None, "result": "satisfied", "resolved": True, "words": "", "person": ""},
    ),
    "POST /cases/<number>/visits": Given(
        _ONE,
        body={
            "id": None, "visited_at": "2026-11-19T09:00:00+08:00", "place": "3号楼",
            "people": ["李建军"], "words": "",
        },
    ),
    "POST /cases/<number>/visits/<uuid:visit_id>/photos": Given(
        {"number": CASE, "visit_id": Id("visit")}, body={"content": "iVBORw0KGgpJRU5ErkJggg=="}
    ),
    "GET /photos/<uuid:photo_id>": Given({"photo_id": Id("photo")}),
    "POST /cases/<number>/contacts": Given(
        _ONE,
        body={
            "id": None, "way": "meeting", "met_at": "2026-11-19T09:00:00+08:00",
            "people": ["李建军"], "words": "面谈",
        },
    ),
    "POST /cases/<number>/commitments": Given(
        _ONE, body={"id": None, "kind": "promised", "text": "修好", "due_on": "2027-06-01"}
    ),
    "POST /cases/<number>/commitments/<uuid:commitment>/land": Given(
        {"number": CASE, "commitment": Id("promise")}, body={"evidence": "已修好"}
    ),
    "POST /cases/<number>/commitments/<uuid:commitment>/withdraw": Given(
        {"number": CASE, "commitment": Id("promise")}, body={"reason": "已不可行"},
        refused="a promise that has landed stays",
    ),
    "GET /flows": Given(),
    "POST /flows/<code>": Given(
        {"code": "closed-loop"},
        body={
            "name": "闭环", "steps": [
                {"code": "do", "name": "办理", "stage": "handling", "owners": [], "needs": []}
            ],
        },
    ),
    "GET /handling-settings": Given(),
    "POST /handling-settings": Given(
        body={"flow": "tianjin", "opens": None, "closes": None, "claim_minutes": None,
              "two_people": None},
    ),
    "GET /grades": Given(),
    "POST /grades": Given(
        body={"code": "slow", "name": "缓办", "days": 20, "counts": "working", "retired": False}
    ),
    "GET /calendar": Given(query={"since": "2026-10-01", "until": "2026-10-10"}),
    "POST /calendar": Given(body={"day": "2026-11-24", "works": False, "name": "大雪"}),
    "GET /liaisons": Given(),
    "POST /liaisons": Given(
        body={"username": USER, "unit": "", "deputy": "", "gone": False}, refused=_UNFIT
    ),
    "GET /leaves": Given(),
    "POST /leaves": Given(
        body={"username": USER, "first_day": "2027-02-01", "last_day": "2027-02-02"}
    ),
    "POST /leaves/<uuid:leave>/drop": Given({"leave": Id("leave")}),
    "GET /alerts": Given(),
    "POST /alerts/<uuid:alert>/seen": Given({"alert": Id("alert")}),
    "GET /visits": Given(query={"since": "2026-11-01", "until": "2026-11-30"}),
}  # fmt: skip
"""How cases are handled, below ``/api/v1``."""

_NOT_DRAWN = "no case of this office was drawn in it"
PAGES: Mapping[str, Given] = {
    "GET /low-ratings": Given(query={"state": "open", "cursor": ""}),
    "GET /low-ratings/<uuid:review>": Given({"review": str(uuid.UUID(int=1))}),
    "POST /low-ratings/<uuid:review>/close": Given(
        {"review": str(uuid.UUID(int=1))},
        form={"cause": "没有上门", "responsible": "住建局", "action": "重新上门检修"},
    ),
    "GET /samples": Given(query={"cursor": ""}),
    "POST /samples": Given(
        form={"since": "2026-11-01", "until": "2026-11-30", "share": "5", "seed": "1"}
    ),
    "GET /samples/<uuid:sample>": Given({"sample": str(uuid.UUID(int=1))}),
    "POST /samples/<uuid:sample>/cases/<number>": Given(
        {"sample": str(uuid.UUID(int=1)), **NUMBER},
        form={"result": "sound", "words": "现场看过"},
        silent=_NOT_DRAWN,
        refused=_NOT_DRAWN,
    ),
    "POST /cases/<number>/dossier": Given(NUMBER, form={"purpose": "verify", "words": ""}),
    "GET /crossings": Given(query={"cursor": ""}),
    "POST /crossings/<uuid:crossing>/agree": Given(
        {"crossing": Id("crossing")}, form={"reason": ""}
    ),
    "POST /crossings/<uuid:crossing>/decline": Given(
        {"crossing": Id("crossing")}, form={"reason": "两栋楼"}
    ),
    "POST /crossings/<uuid:crossing>/lead": Given(
        {"crossing": Id("choice")}, form={"office": TENANT}
    ),
    "GET /": Given(),
    "GET /login": Given(query={"next": "/queue"}),
    "POST /login": Given(
        form={"office": "", "username": "nobody", "password": "x", "next": "/"},
        refused=_DOOR,
    ),
    "GET /login/password": Given(query={"next": "/"}),
    "POST /login/password": Given(form={**_CHOSEN, "next": "/"}, refused=_HALF),
    "GET /login/code": Given(query={"next": "/"}),
    "POST /login/code": Given(form={"code": "000000", "next": "/"}, refused=_HALF),
    "GET /login/enrol": Given(query={"next": "/"}),
    "POST /login/enrol": Given(form={"code": "000000", "sealed": "x", "next": "/"}, refused=_HALF),
    "GET /account": Given(),
    "POST /account/password": Given(
        form={"old": "x", **_CHOSEN}, refused="the two new passwords differ"
    ),
    "GET /account/factor": Given(),
    "POST /account/factor": Given(
        form={"code": "000000", "sealed": "x", "proof": "x"}, ends=True, refused="no code fits"
    ),
    "POST /account/recovery-codes": Given(
        form={"code": "000000"}, ends=True, refused="no second factor has been set up"
    ),
    "POST /account/sessions/<uuid:item>/end": Given(
        {"item": Id("session")}, silent="ending what is another's or none is no different"
    ),
    "POST /account/sessions/end-others": Given(ends=True),
    "POST /logout": Given(ends=True),
    "POST /preferences": Given(form={"next": "/", "language": "zh", "theme": "auto"}),
    "GET /queue": Given(query={**_QUEUE, "stage": "", "grade": "", "handler": "", "due": ""}),
    "POST /queue/views": Given(form={"query": "view=overdue", "name": "逾期的"}),
    "POST /queue/views/<uuid:view>/drop": Given({"view": _any_id}),
    "POST /queue/do": Given(
        form={"do": "claim", "case": CASE, "to": "", "query": "", "reason": ""},
        silent="a case that is none is left out of what is done, whoever asks",
    ),
    "POST /queue/undo": Given(form={"query": "", "reason": ""}),
    "GET /styleguide": Given(),
    "GET /leader": Given(query={"show": "waiting", "cursor": ""}),
    "GET /review/list": Given(),
    "POST /review/list": Given(form={"answer": "", "reason": ""}),
    "GET /channels/new": Given(query={"plugin": "mailbox"}),
    "POST /channels/new": Given(
        form={"plugin": "", "code": "x", "name": "x"}, refused="the form names no plugin"
    ),
    "POST /channels/check": Given(form={"plugin": ""}),
    "GET /cases/<number>/deadline": Given(NUMBER),
    "POST /cases/<number>/claim": Given(NUMBER, form=_WHY),
    "POST /cases/<number>/release": Given(NUMBER, form=_WHY),
    "POST /cases/<number>/assign": Given(
        NUMBER, form={"to": USER, **_WHY}, silent="a person who cannot take it is said like none"
    ),
    "POST /cases/<number>/advance": Given(NUMBER, form={"words": "", **_WHY}),
    "POST /cases/<number>/review": Given(NUMBER, form={"outcome": "pass", "words": "", **_WHY}),
    "POST /cases/<number>/pause": Given(NUMBER, form=_WHY),
    "POST /cases/<number>/resume": Given(NUMBER, form=_WHY),
    "POST /cases/<number>/close": Given(NUMBER, form={"outcome": "resolved", "words": "", **_WHY}),
    "POST /cases/<number>/reopen": Given(NUMBER, form=_WHY),
    "POST /cases/<number>/demands": Given(NUMBER, form={"texts": "修电梯", **_WHY}),
    "POST /cases/<number>/demand-answers": Given(
        NUMBER, form={"demand": "1", "answer": "已修好", **_WHY}
    ),
    "POST /cases/<number>/call-backs": Given(
        NUMBER, form={"result": "satisfied", "words": "", "resolved": "yes", **_WHY}
    ),
    "POST /cases/<number>/visits": Given(
        NUMBER,
        form={
            "photos": "",
            "visited_at": "2026-11-20T10:00",
            "place": "3号楼",
            "people": "王联络",
            "words": "电梯停在三层",
            **_WHY,
        },
    ),
    "GET /cases/<number>/photos/<uuid:photo>": Given({"number": CASE, "photo": Id("photo")}),
    "POST /cases/<number>/dispatch": Given(
        NUMBER, form={"to": BELOW, "role": "lead", "due": "", "note": "", **_WHY}
    ),
    "POST /cases/<number>/handovers/<uuid:handover>": Given(
        {"number": CASE, "handover": Id("handover")},
        form={"do": "recall", **_WHY},
        silent=_BACK_TO_CASE,
    ),
    "POST /cases/<number>/instructions": Given(NUMBER, form={"text": "请核实办理", **_WHY}),
    "POST /cases/<number>/instructions/<uuid:instruction>": Given(
        {"number": CASE, "instruction": Id("instruction")},
        form={"do": "follow", "words": "已在办", **_WHY},
        silent=_BACK_TO_CASE,
    ),
    "POST /cases/<number>/replies": Given(NUMBER, form={"template": "", "kind": "", **_WHY}),
    "POST /cases/<number>/replies/<uuid:reply>/save": Given(
        _REPLY_OF_CASE,
        form={"version": "1", **_TEXTS, **_WHY},
        silent=_BACK_TO_CASE,
    ),
    "POST /cases/<number>/replies/<uuid:reply>/submit": Given(
        _REPLY_OF_CASE,
        form={"version": "1", **_TEXTS, **_WHY},
        silent=_BACK_TO_CASE,
    ),
    "POST /cases/<number>/replies/<uuid:reply>/decide": Given(
        _REPLY_OF_CASE,
        form={"do": "approve", "version": "1", **_WHY},
        silent=_BACK_TO_CASE,
    ),
    "POST /cases/<number>/replies/<uuid:reply>/drop": Given(
        _REPLY_OF_CASE,
        form={"version": "1", **_WHY},
        silent=_BACK_TO_CASE,
    ),
    "POST /cases/<number>/deliveries/<uuid:delivery>": Given(
        {"number": CASE, "delivery": Id("delivery")},
        form={"do": "resend", **_WHY},
        silent=_BACK_TO_CASE,
    ),
    "GET /review": Given(
        query={"case": CASE, "finding": FINDING},
        silent="a pair that is not in the queue lets the walk begin anew",
    ),
    "GET /cases/<number>": Given(NUMBER, query={"origins": "0", "events": "0"}),
    "GET /cases/<number>/preview": Given(NUMBER),
    "GET /cases/<number>/with": Given(NUMBER, query={"other": OTHER}),
    "GET /cases/<number>/pairs/<uuid:finding>": Given(
        {"number": CASE, "finding": FINDING}, query={}
    ),
    "POST /cases/<number>/merge": Given(NUMBER, form={**_MERGE, "despite_not_same": "no"}),
    "POST /cases/<number>/unmerge": Given(
        {"number": Id("case", own="survivor")},
        form={"other": Id("case", own="joined"), "reason": "不是一件事"},
    ),
    "POST /cases/<number>/split": Given(
        {"number": Id("case", own="survivor")},
        form={"message": Id("message", own="joined_message"), "reason": "另一件事"},
    ),
    "POST /findings/<uuid:finding>": Given(
        {"finding": FINDING}, form={"outcome": "different", "reason": "两栋楼"}
    ),
    "POST /cases/<number>/messages/<uuid:message>/citizen": Given(
        MESSAGE_OF_CASE, form={"purpose": "contact", "words": ""}
    ),
    "POST /cases/<number>/messages/<uuid:message>/confidential": Given(
        MESSAGE_OF_CASE, form={"reason": "本人要求"}, silent=_BACK_TO_CASE
    ),
    "POST /cases/<number>/messages/<uuid:message>/named": Given(
        MESSAGE_OF_CASE, form={"reason": "本人同意"}, silent=_BACK_TO_CASE
    ),
    "POST /cases/<number>/complained": Given(
        NUMBER, form={"office": TENANT, "reason": "反映本单位"}
    ),
    "POST /cases/<number>/not-complained": Given(
        NUMBER, form={"office": TENANT, "reason": "标错了"}, silent="no mark was set"
    ),
    "GET /admin/users": Given(query={"q": USER, "role": "", "state": "", "cursor": ""}),
    "GET /admin/new-user": Given(form={"roles": []}),
    "POST /admin/new-user": Given(
        form={
            "username": fresh_small("u"),
            "name": "李建军",
            "unit": "",
            "expires": "",
            "roles": [],
        }
    ),
    "GET /admin/users/<username>": Given({"username": USER}),
    "POST /admin/users/<username>/off": Given({"username": USER}),
    "POST /admin/users/<username>/on": Given({"username": USER}),
    "POST /admin/users/<username>/expiry": Given({"username": USER}, form={"expires": ""}),
    "POST /admin/users/<username>/factor": Given({"username": USER}),
    "POST /admin/users/<username>/roles": Given({"username": USER}, form={"roles": ["handler"]}),
    "POST /admin/users/<username>/password": Given({"username": USER}),
    "GET /admin/roles": Given(),
    "POST /admin/roles": Given(form={"answer": "refuse", "change": [Id("change")]}),
    "GET /admin/imports": Given(),
    "GET /admin/imports/template.csv": Given(),
    "POST /admin/imports": Given(form={"file": ""}, refused="no file is sent"),
    "GET /admin/bodies": Given(query={"q": BELOW, "cursor": ""}),
    "GET /admin/bodies/<code>/open": Given({"code": BELOW}),
    "POST /admin/bodies/<code>/open": Given(
        {"code": BELOW},
        form={"role": "system_admin", "username": fresh_small("u"), "name": "李建军"},
    ),
    "POST /admin/bodies/openings/<uuid:opening>": Given(
        {"opening": Id("opening")}, form={"answer": "grant"}
    ),
    "GET /admin/audit": Given(query={**_TRAIL, "cursor": ""}, echoes=_LOOKS),
    "GET /admin/audit/export.csv": Given(query=_TRAIL, echoes=_LOOKS),
    "GET /figures": Given(query={**_WINDOW, "sort": "overdue"}),
    "GET /admin/clients": Given(query={"after": ""}),
    "GET /admin/clients/new": Given(),
    "POST /admin/clients/new": Given(form={"name": fresh("机"), "scope": ["cases:read"]}),
    "GET /admin/clients/<client_id>": Given(CLIENT),
    "POST /admin/clients/<client_id>/decide": Given(
        {"client_id": Id("client", own="waiting_client")}, form={"answer": "grant"}
    ),
    "POST /admin/clients/<client_id>/rotate": Given(CLIENT),
    "POST /admin/clients/<client_id>/drop-previous": Given(CLIENT),
    "POST /admin/clients/<client_id>/narrow": Given(CLIENT, form={"scope": ["cases:read"]}),
    "POST /admin/clients/<client_id>/revoke": Given(CLIENT),
    "POST /admin/clients/<client_id>/off": Given(CLIENT),
    "GET /admin/providers": Given(),
    "POST /admin/providers": Given(form={"code": fresh_small("p"), **_PROVIDER}),
    "GET /admin/providers/<code>": Given(PROVIDER),
    "POST /admin/providers/<code>": Given(PROVIDER, form={"code": "", **_PROVIDER}),
    "POST /admin/providers/<code>/off": Given(PROVIDER),
    "POST /admin/providers/<code>/on": Given(PROVIDER),
    "POST /admin/providers/<code>/link": Given(
        PROVIDER, form={"username": USER, "subject": fresh("S")}
    ),
    "POST /admin/providers/<code>/unlink/<uuid:identity>": Given(
        {"code": Id("provider"), "identity": Id("identity")}
    ),
    "GET /channels": Given(),
    "POST /channels/<code>/pull": Given({"code": Id("channel", own="pulled")}),
    "POST /channels/<code>/pause": Given({"code": Id("channel", own="pulled")}),
    "POST /channels/<code>/resume": Given({"code": Id("channel", own="paused")}),
    "GET /deliveries": Given(),
    "POST /deliveries/hold": Given(form={"reason": "恢复后核对"}),
    "POST /deliveries/release": Given(form={"unsent": "no", "reason": "已核对"}),
    "GET /quarantine": Given(
        query={"after": ASIDE},
        silent="what is older than a moment, whether or not anything came at it",
    ),
    "GET /quarantine/<uuid:item>": Given({"item": ASIDE}),
    "POST /quarantine/<uuid:item>/replay": Given({"item": ASIDE}),
}
"""The pages; every form carries the session's token besides."""

DOORS: Mapping[str, Given] = {
    "GET /healthz": Given(),
    "GET /readyz": Given(),
    "GET /metrics": Given(),
    "GET /static/<path:filename>": Given({"filename": "mark.svg"}),
    "GET /api/v1/openapi.json": Given(),
    "GET /api/v1/docs": Given(),
    "GET /login/with/<office>/<provider>": Given(
        {"office": "980000", "provider": "nowhere"}, query={"next": "/"}, refused=_DOOR
    ),
    "GET /login/return/<office>/<provider>": Given(
        {"office": "980000", "provider": "nowhere"},
        query={"state": "x", "code": "x", "error": "", "iss": "x"},
        refused=_DOOR,
    ),
    **{
        f"{method} /p/<office>/{rest}": Given(
            {"office": "980000", **path}, query, None, form, refused=_PORTAL
        )
        for method, rest, path, query, form in (
            ("GET", "", {}, {}, {}),
            ("POST", "look", {}, {}, {"look": "size:big", "language": "zh", "next": "/"}),
            ("GET", "look.css", {}, {}, {}),
            ("GET", "write", {}, {}, {}),
            (
                "POST",
                "write",
                {},
                {},
                {
                    **_WRITTEN,
                    "subject": "电梯停运",
                    "region": "",
                    "email": "",
                    "confidential": "",
                    "step": "1",
                    "seen": "",
                    "go": "next",
                    "look": "",
                },
            ),
            ("POST", "similar", {}, {}, {"subject": "电梯停运"}),
            ("GET", "track", {}, {}, {}),
            ("POST", "track", {}, {}, {"code": "x", "digits": "0000"}),
            ("GET", "mine", {}, {}, {}),
            ("POST", "mine/add", {}, {}, {"key": "x", "body": LIFT}),
            ("POST", "mine/rate", {}, {}, {"solved": 1, "manner": 1, "speed": 1, "words": ""}),
            ("POST", "mine/reopen", {}, {}, {"key": "x", "reason": LIFT}),
            ("POST", "mine/leave", {}, {}, {}),
            ("GET", "matters", {}, {"after": ""}, {}),
            ("GET", "matters/<uuid:matter>", {"matter": str(uuid.UUID(int=1))}, {}, {}),
            (
                "POST",
                "matters/<uuid:matter>/cosign",
                {"matter": str(uuid.UUID(int=1))},
                {},
                _WRITTEN,
            ),
        )
    },
    "POST /oauth/token": Given(refused=_SECRET),
    "POST /oauth/revoke": Given(refused=_SECRET),
    "POST /oauth/introspect": Given(refused=_SECRET),
}
"""What anybody may ask for: nothing of an office is there."""

PREFIX = "/api/v1"


def all_operations() -> dict[str, tuple[str, Given]]:
    """Every operation by method and full path: its face (api, page, door) and what it carries."""
    every = API | API_HANDLING
    api = {_prefixed(name): ("api", given) for name, given in every.items()}
    pages = {name: ("page", given) for name, given in PAGES.items()}
    return api | pages | {name: ("door", given) for name, given in DOORS.items()}


def _prefixed(name: str) -> str:
    method, _, path = name.partition(" ")
    return f"{method} {PREFIX}{path}"


def places(given: Given) -> dict[str, Id]:
    """Every place of an id by its address: ``path.number``, ``body.messages.0.channel``."""
    found: dict[str, Id] = {}
    for part in ("path", "query", "body", "form"):
        _collect(part, getattr(given, part) or {}, found)
    return found


def _collect(address: str, value: Any, found: dict[str, Id]) -> None:
    if isinstance(value, Id):
        found[address] = value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            _collect(f"{address}.{name}", inner, found)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _collect(f"{address}.{index}", inner, found)
