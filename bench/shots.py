"""Which pages are photographed, by whom they are opened, and which are not, with the reason.

A page is named by its rule, as ``docs/roles.csv`` has it; a test finds a rule that stands nowhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LIAISON, HANDLER, REVIEWER = "130129/wanglianluo", "130129/lijingban", "130129/liuducha"
LEADER, CITY = "130129/chenxianzhang", "130100/zhaolianluo"
SYSTEM, SECURITY, AUDIT = "130129/qianxitong", "130129/sunanquan", "130129/lishenji"
BUREAU = "130129-JYJ/mengjiaoyu"


@dataclass(frozen=True, slots=True)
class Shot:
    """A page: where the walk begins, and what is followed from there (CSS of a link) or pressed.

    ``opens`` is the CSS of summaries and buttons that are pressed before the picture is taken.
    """

    name: str
    rule: str
    path: str
    follow: str = ""
    opens: str = ""


_CASE = "/cases/<number>"
_FOUND = "[data-row] a"

SHOTS: Mapping[str, Sequence[Shot]] = {
    LIAISON: (
        Shot("queue", "/queue", "/queue"),
        Shot("queue-joined", "/queue", "/queue?view=joined"),
        Shot("queue-due", "/queue", "/queue?sort=due"),
        Shot("queue-nothing", "/queue", "/queue?q=没有这句话"),
        Shot("queue-keys", "/queue", "/queue", opens="[data-keys]"),
        Shot("case-joined", _CASE, "/queue?view=joined", _FOUND),
        Shot("case-visited", _CASE, "/queue?q=嶂石岩路路面", _FOUND, ".due-open"),
        Shot("case-answered", _CASE, "/queue?q=文昌街东段路灯", _FOUND),
        Shot("case-handed", _CASE, "/queue?q=城东实验小学午餐", _FOUND),
        Shot("case-instructed", _CASE, "/queue?q=大枣遭雹灾", _FOUND),
        Shot("case-actions", _CASE, "/queue?q=石榴园小区流浪狗", _FOUND, ".handling summary"),
        Shot("pair", "/review", "/review"),
        Shot("pair-of-case", "/cases/<number>/pairs/<uuid:finding>", "/review/list", "td a"),
        Shot("pairs", "/review/list", "/review/list"),
        Shot("crossings", "/crossings", "/crossings"),
        Shot("figures", "/figures", "/figures"),
        Shot("channels", "/channels", "/channels"),
        Shot("deliveries", "/deliveries", "/deliveries"),
        Shot("quarantine", "/quarantine", "/quarantine"),
        Shot("raw", "/quarantine/<uuid:item>", "/quarantine", ".table a"),
        Shot("low-ratings", "/low-ratings", "/low-ratings"),
        Shot("low-rating", "/low-ratings/<uuid:review>", "/low-ratings", ".table a"),
        Shot("samples", "/samples", "/samples"),
        Shot("sample", "/samples/<uuid:sample>", "/samples", ".table a"),
        Shot("styleguide", "/styleguide", "/styleguide"),
        Shot("account", "/account", "/account"),
        Shot("factor", "/account/factor", "/account/factor"),
        Shot("problem-404", "/queue", "/nowhere"),
        Shot("problem-403", "/queue", "/admin/users"),
        Shot("problem-422", "/queue", "/queue?view=nothing"),
    ),
    HANDLER: (
        Shot("handler-mine", "/queue", "/queue?view=mine"),
        Shot("case-draft", _CASE, "/queue?q=育才街烧烤店", _FOUND),
    ),
    REVIEWER: (Shot("case-reviewing", _CASE, "/queue?q=槐河家园3号楼2单元供暖", _FOUND),),
    LEADER: (
        Shot("leader", "/leader", "/leader"),
        Shot("leader-instructed", "/leader", "/leader?show=instructed"),
    ),
    CITY: (
        Shot("city-figures", "/figures", "/figures"),
        Shot("city-queue", "/queue", "/queue"),
    ),
    BUREAU: (
        Shot("bureau-queue", "/queue", "/queue"),
        Shot("bureau-case", _CASE, "/queue", _FOUND),
    ),
    SYSTEM: (
        Shot("admin-channels", "/channels", "/channels"),
        Shot("new-channel-hotline", "/channels/new", "/channels/new?plugin=hotline_12345"),
        Shot("new-channel-mailbox", "/channels/new", "/channels/new?plugin=mailbox"),
        Shot("new-channel-board", "/channels/new", "/channels/new?plugin=leaders_board"),
        Shot("people", "/admin/users", "/admin/users"),
        Shot("person", "/admin/users/<username>", "/admin/users/lijingban"),
        Shot("new-user", "/admin/new-user", "/admin/new-user"),
        Shot("imports", "/admin/imports", "/admin/imports"),
        Shot("bodies", "/admin/bodies", "/admin/bodies"),
        Shot("opening", "/admin/bodies/<code>/open", "/admin/bodies/130129100/open"),
        Shot("providers", "/admin/providers", "/admin/providers"),
        Shot("clients", "/admin/clients", "/admin/clients"),
        Shot("client", "/admin/clients/<client_id>", "/admin/clients", ".table a"),
        Shot("new-client", "/admin/clients/new", "/admin/clients/new"),
    ),
    SECURITY: (Shot("roles", "/admin/roles", "/admin/roles"),),
    AUDIT: (Shot("audit", "/admin/audit", "/admin/audit"),),
}
"""Pages of the desk by who opens them (office and account of the demo)."""

PORTAL_RULES = (
    "/p/<office>/",
    "/p/<office>/write",
    "/p/<office>/track",
    "/p/<office>/mine",
    "/p/<office>/matters",
    "/p/<office>/matters/<uuid:matter>",
)
"""Pages that the citizen's walk comes by; see ``bench.screenshots``."""
DOOR_RULES = ("/login",)
"""Pages on the way in."""
_STEP = "a step of the login that the demo's accounts do not take; as /account/factor looks"

LEFT_OUT: Mapping[str, str] = {
    "/": "leads on to the first page of whoever asks",
    "/cases/<number>/preview": "a part of the queue, photographed there",
    "/cases/<number>/deadline": "a part of the case, photographed there",
    "/cases/<number>/photos/<uuid:photo>": "a photograph itself",
    "/cases/<number>/with": "the page of a pair, with a case that the person chose",
    "/admin/audit/export.csv": "a file to keep, no page",
    "/admin/imports/template.csv": "a file to keep, no page",
    "/admin/providers/<code>": "the demo has no login service; tests/oidc look at it",
    "/login/code": _STEP,
    "/login/enrol": _STEP,
    "/login/password": _STEP,
    "/login/with/<office>/<provider>": "leads to a login service, which the demo has not",
    "/login/return/<office>/<provider>": "comes from a login service, which the demo has not",
    "/p/<office>/look.css": "a style sheet",
    "/static/<path:filename>": "files that pages are made of",
    "/api/v1/docs": "read by programmers; see tests/faces/test_api_docs.py",
    "/api/v1/openapi.json": "a document for machines",
    "/healthz": "for machines",
    "/readyz": "for machines",
    "/metrics": "for machines",
}
"""Rules without a picture, each with the reason."""


def photographed() -> set[str]:
    """Every rule of which there is a picture."""
    desk = {shot.rule for shots in SHOTS.values() for shot in shots}
    return desk | {*PORTAL_RULES, *DOOR_RULES}
