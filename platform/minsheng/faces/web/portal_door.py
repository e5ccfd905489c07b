"""What every page of a portal needs: the office by its code, the citizen's visit, how it looks."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec

from flask import abort, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from minsheng.accounts.service import find_tenant_for_login
from minsheng.citizens.service import LASTS, PortalView, Visit, VisitEnded, portal_of, read_visit
from minsheng.faces.web.desk import SAFE_METHODS, check_form, tools
from minsheng.faces.web.headers import is_secure

SIZES, CONTRASTS = ("normal", "big"), ("normal", "high")
_YEAR = 31_536_000
_SIZE, _CONTRAST = "minsheng_size", "minsheng_contrast"

STORE_AWAY = (OperationalError, InterfaceError, PoolTimeout)
"""How it shows that the database cannot be reached, or not in time."""

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Office:
    """The office whose portal is open; ``name`` is what its pages call it."""

    tenant_id: int
    code: str
    name: str
    portal: PortalView


def at_portal(view: Callable[P, ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Let a view run for the office in the address; 404 for one that has no open portal.

    A form that is not ours is refused (400) before anything is asked. A view that bears
    ``gives_back`` answers itself, with the typed words, where the form was refused
    (``g.form_refused``) or the database is away (``g.away``).
    """

    @wraps(view)
    def guarded(office: str, *args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        g.form_refused, g.away = _refused(), False
        keeps = hasattr(view, "gives_back")
        if g.form_refused and not keeps:
            abort(400)
        try:
            found = find_office(office)
        except STORE_AWAY:
            if not keeps:
                raise
            found, g.away = Office(0, office, "", PortalView()), True
        if found is None:
            abort(400 if g.form_refused else 404)
        g.portal = found
        return view(*args, **kwargs)

    return guarded


def gives_back(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Mark a view that answers a refused form itself, so that nothing typed is lost."""
    view.gives_back = True  # type: ignore[attr-defined]
    return view


def find_office(code: str) -> Office | None:
    """The active office of a code whose portal is open."""
    with tools().database.public_session() as session:
        found = find_tenant_for_login(session, code)
    if found is None:
        return None
    with tools().database.session(found[0]) as session:
        portal = portal_of(session)
    return Office(found[0], code.strip(), portal.name or found[1], portal) if portal.open else None


def office() -> Office:
    """The office of this request; only in views behind :func:`at_portal`."""
    found: Office = g.portal
    return found


@contextmanager
def portal_session() -> Iterator[Session]:
    """A transaction of the office: leaving it commits."""
    with tools().database.session(office().tenant_id) as session:
        yield session


def find_visit() -> Visit | None:
    """The visit that the browser holds for this office, or None."""
    token = request.cookies.get(_visit_cookie(), "")
    if not token:
        return None
    try:
        with portal_session() as session:
            return read_visit(session, tools(), token)
    except VisitEnded:
        return None


def set_visit(response: Response, token: str) -> None:
    """Give the browser a visit for half an hour; other sites' links do not carry it."""
    seconds = int(LASTS.total_seconds())
    response.set_cookie(
        _visit_cookie(), token, max_age=seconds, path="/", secure=is_secure(), httponly=True,
        samesite="Strict",
    )  # fmt: skip


def drop_visit(response: Response) -> None:
    """Take the visit from the browser."""
    response.delete_cookie(_visit_cookie(), secure=is_secure(), httponly=True, samesite="Strict")


def look() -> dict[str, str]:
    """The size of type and the contrast that the citizen chose, maybe with this very request."""
    chosen: dict[str, str] = g.get("look_chosen", {})
    return {
        "size": _one_of(chosen.get("size") or request.cookies.get(_SIZE, ""), SIZES),
        "contrast": _one_of(
            chosen.get("contrast") or request.cookies.get(_CONTRAST, ""), CONTRASTS
        ),
    }


def choose_look(wish: str) -> bool:
    """Note a wish of the switch (``size:big``) for this answer and the next ones; whether one."""
    kind, _, value = wish.partition(":")
    known = {"size": SIZES, "contrast": CONTRASTS}
    if value not in known.get(kind, ()):
        return False
    g.look_chosen = {kind: value}
    return True


def keep_look(response: Response) -> Response:
    """Send the choice that was made; it is nothing secret."""
    names = {"size": _SIZE, "contrast": _CONTRAST}
    for kind, value in g.get("look_chosen", {}).items():
        response.set_cookie(
            names[kind], value, max_age=_YEAR, path="/", secure=is_secure(), samesite="Lax"
        )
    return response


def portal_page(template: str, status: int = 200, **values: object) -> tuple[str, int]:
    """A page of the portal."""
    page = render_template(f"portal/{template}", office=g.get("portal"), look=look(), **values)
    return page, status


def _refused() -> bool:
    """Whether this is a form that did not come from a page of ours."""
    if request.method in SAFE_METHODS:
        return False
    try:
        check_form()
    except BadRequest:
        return True
    return False


def _visit_cookie() -> str:
    name = "minsheng_visit"
    return f"__Host-{name}" if is_secure() else name


def _one_of(given: str, known: Sequence[str]) -> str:
    return given if given in known else known[0]
