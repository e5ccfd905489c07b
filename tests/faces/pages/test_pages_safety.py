"""What holds for every page: headers, forms of ours only, nothing inline or from elsewhere."""

import re
from pathlib import Path
from typing import Any

import pytest

import minsheng.faces
from minsheng.faces.web.cookies import cookies_are_secure
from minsheng.faces.web.registration import PAGES
from minsheng.runtime.settings import Settings

FACES = Path(minsheng.faces.__file__).parent
TEMPLATES = sorted((FACES / "templates").rglob("*.html"))
OPEN_TO_ALL = (
    {f"login_pages.{view}" for view in ("start", "show_login", "enter", "leave", "prefer")}
    | {
        f"step_pages.{view}"
        for view in (
            "show_password",
            "choose_password",
            "show_code",
            "enter_code",
            "show_enrolment",
            "finish_enrolment",
        )
    }
    | {f"provider_login_pages.{view}" for view in ("depart", "arrive")}
)
"""The login, its steps and providers; a step looks at the half open session by itself."""
ABSENT = "018f0000-0000-7000-8000-000000000000"


def _routes(app: Any) -> list[tuple[str, str, str]]:
    """Method, path with stand-ins, and endpoint of every route of the pages."""
    names = {pages.name for pages in PAGES}
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in names:
            path = re.sub(r"<uuid:\w+>", ABSENT, rule.rule)
            path = re.sub(r"<\w+>", "x", path)
            method = "POST" if "POST" in rule.methods else "GET"
            found.append((method, path, rule.endpoint))
    return sorted(found)


def test_every_page_but_the_login_has_a_gate(page_app: Any) -> None:
    routes = _routes(page_app)
    assert len(routes) > 15
    for method, path, endpoint in routes:
        view = page_app.view_functions[endpoint]
        gated = hasattr(view, "needed_permission") or hasattr(view, "needs_login")
        assert gated != (endpoint in OPEN_TO_ALL), f"{method} {path}"


def test_without_a_session_pages_lead_to_the_login_and_forms_do_nothing(page_app: Any) -> None:
    http = page_app.test_client()
    for method, path, endpoint in _routes(page_app):
        if endpoint in OPEN_TO_ALL:
            continue
        answer = http.open(path, method=method)
        if method == "GET":
            assert answer.status_code == 303, path
            assert answer.location.startswith("/login?next="), path
        else:
            assert answer.status_code == 401, path


def test_every_response_has_every_header(desk: Any) -> None:
    desk.log_in()
    paths = ["/login", "/queue", "/nowhere", "/channels/x/pull", "/api/v1/cases", "/healthz"]
    paths += ["/oauth/token", "/static/mark.svg", "/static/nothing.css"]
    for path in paths:
        headers = desk.http.get(path, buffered=True).headers
        policy = headers["Content-Security-Policy"]
        for part in ("script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
            assert part in policy, path
        assert "object-src 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store", path
        assert "Cookie" in headers["Vary"]
        assert "Strict-Transport-Security" not in headers


def test_over_tls_cookies_are_bound_to_the_host_and_browsers_told_to_stay(desk: Any) -> None:
    desk.app.config["SESSION_COOKIE_SECURE"] = True
    desk.add_user("liaison")
    https = {"base_url": "https://desk.example"}
    page = desk.http.get("/login", **https)
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    form = {"office": desk.code, "username": "liaison", "password": "lao-shi-de-kou-ling-9"}
    answer = desk.http.post("/login", data=form | {"csrf_token": token.group(1)}, **https)
    (cookie,) = [
        c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-minsheng=")
    ]
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize(
    ("wish", "host", "secure"),
    [
        ("auto", "127.0.0.1", False),
        ("auto", "::1", False),
        ("auto", "localhost", False),
        ("auto", "0.0.0.0", True),
        ("auto", "desk.example", True),
        ("true", "127.0.0.1", True),
        ("false", "0.0.0.0", False),
    ],
)
def test_cookies_insist_on_tls_save_on_loopback(wish: str, host: str, secure: bool) -> None:
    given = {"MINSHENG_COOKIE_SECURE": wish, "MINSHENG_HOST": host}
    assert cookies_are_secure(Settings.from_environ(given)) is secure


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_nothing_inline_and_no_address(template: Path) -> None:
    page = template.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle\s*=|<style|\son[a-z]+\s*=|javascript:", page)
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"https?://|//[a-z]+\.", page)
    assert "|safe" not in page
    assert "autoescape" not in page


def test_built_files_may_be_kept_and_their_names_hold_their_hash(desk: Any) -> None:
    page = desk.http.get("/login").text
    built = re.findall(r'"(/static/dist/[^"#]+)', page)
    assert {re.sub(r"-[0-9a-f]{12}", "", path) for path in built} >= {
        "/static/dist/app.js",
        "/static/dist/app.css",
        "/static/dist/icons.svg" if "icons.svg" in page else "/static/dist/app.css",
    }
    for path in set(built):
        answer = desk.http.get(path, buffered=True)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
    absent = desk.http.get("/static/dist/app-000000000000.js")
    assert absent.headers["Cache-Control"] == "no-store"


def test_problem_pages_say_what_to_do_and_machines_get_documents(desk: Any) -> None:
    lost = desk.http.get("/nowhere")
    assert lost.status_code == 404
    assert "去登录" in lost.text
    desk.log_in()
    assert "回到首页" in desk.http.get("/nowhere").text
    wrong = desk.http.put("/queue")
    assert wrong.status_code == 405
    assert "不能这样打开" in wrong.text
    assert desk.http.get("/api/v1/nowhere").content_type == "application/problem+json"
