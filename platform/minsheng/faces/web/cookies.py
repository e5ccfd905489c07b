"""The cookies of the pages: the login session, and the form token of people not logged in yet."""

import ipaddress
import secrets

from flask import g, request
from werkzeug.wrappers import Response

from minsheng.faces.web.headers import is_secure
from minsheng.runtime.settings import Settings

_YEAR = 31_536_000


def cookies_are_secure(settings: Settings) -> bool:
    """Whether cookies demand TLS: as ``MINSHENG_COOKIE_SECURE`` says, ``auto`` save on loopback."""
    wish = settings.text("MINSHENG_COOKIE_SECURE")
    if wish != "auto":
        return wish == "true"
    host = settings.text("MINSHENG_HOST")
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def session_cookie() -> str:
    """The name of the session cookie; ``__Host-`` binds it to this host alone (RFC 6265bis)."""
    return _named("minsheng")


def session_token() -> str:
    """The token that the browser sent, or nothing."""
    return request.cookies.get(session_cookie(), "")


def set_session(response: Response, token: str) -> None:
    """Give the browser a session until it closes; the server ends it earlier by its own clock."""
    _set(response, session_cookie(), token)


def drop_session(response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(session_cookie(), secure=is_secure(), httponly=True, samesite="Lax")


def flow_secret() -> str:
    """What binds a login under way at a provider to the browser that began it, or nothing."""
    return request.cookies.get(_named("minsheng_flow"), "")


def set_flow(response: Response, secret: str) -> None:
    """Give the browser the secret of a login that it begins."""
    _set(response, _named("minsheng_flow"), secret)


def drop_flow(response: Response) -> None:
    """Take it away: the login is over, one way or the other."""
    name = _named("minsheng_flow")
    response.delete_cookie(name, secure=is_secure(), httponly=True, samesite="Lax")


def undo_value() -> str:
    """What this browser did last to several cases, while it can be undone, or nothing."""
    return request.cookies.get(_named("minsheng_undo"), "")


def set_undo(response: Response, value: str, seconds: int) -> None:
    """Have the browser remember it for so many seconds; no other site can put it there."""
    response.set_cookie(
        _named("minsheng_undo"), value, max_age=seconds, path="/",
        secure=is_secure(), httponly=True, samesite="Strict",
    )  # fmt: skip


def drop_undo(response: Response) -> None:
    """Take it away: it was undone."""
    name = _named("minsheng_undo")
    response.delete_cookie(name, secure=is_secure(), httponly=True, samesite="Strict")


def form_token() -> str:
    """The token that forms carry where there is no session; made at its first use."""
    token: str = g.get("form_token") or request.cookies.get(_named("minsheng_form"), "")
    if not token:
        token = g.new_form_token = secrets.token_urlsafe(32)
    g.form_token = token
    return token


def keep_form_token(response: Response) -> Response:
    """Send a form token that was made for this page."""
    if "new_form_token" in g:
        _set(response, _named("minsheng_form"), g.new_form_token)
    return response


def set_choice(response: Response, name: str, value: str) -> None:
    """Keep a choice of language or brightness for a year; it is nothing secret."""
    response.set_cookie(name, value, max_age=_YEAR, secure=is_secure(), samesite="Lax")


def _named(name: str) -> str:
    return f"__Host-{name}" if is_secure() else name


def _set(response: Response, name: str, value: str) -> None:
    response.set_cookie(name, value, path="/", secure=is_secure(), httponly=True, samesite="Lax")
