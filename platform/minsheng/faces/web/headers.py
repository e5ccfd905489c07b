"""The one place for response headers: what a browser may do with our pages, and keep of them."""

from flask import Flask, Response, current_app, request

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing inline, nothing from elsewhere, in no frame."""

_ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Left out, the web server would write its own product's name.
    "Server": "minsheng",
}
YEAR = 31_536_000
_KEPT = f"public, max-age={YEAR}, immutable"


def is_secure() -> bool:
    """Whether browsers reach us by TLS, so that cookies and HSTS may insist on it."""
    return bool(current_app.config["SESSION_COOKIE_SECURE"])


def own_origin() -> str:
    """Where our own pages are, as a browser says it in ``Origin``.

    A proxy that ends TLS speaks plain HTTP to us, so the scheme is what the cookies insist on.
    """
    return f"{'https' if is_secure() else request.scheme}://{request.host}"


def add_headers(response: Response) -> Response:
    """Give every response, errors too, the headers; built files alone may be kept."""
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    built = is_built_file(response)
    response.headers["Cache-Control"] = _KEPT if built else "no-store"
    response.vary.update(("Cookie", "HX-Request", "Accept-Language"))
    if is_secure():
        response.headers["Strict-Transport-Security"] = f"max-age={YEAR}; includeSubDomains"
    return response


def is_built_file(response: Response) -> bool:
    """Whether this is a file whose name holds the hash of its content."""
    values = request.view_args or {}
    built = request.endpoint == "static" and str(values.get("filename", "")).startswith("dist/")
    return built and response.status_code in {200, 304}


def register_headers(app: Flask) -> None:
    """Have every response of the app pass through here."""
    app.after_request(add_headers)
