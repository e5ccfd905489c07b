"""Live parts: a page asks again and again, and is told 304 while nothing has changed."""

import hashlib

from flask import make_response, request
from werkzeug.wrappers import Response


def with_tag(page: str) -> Response:
    """The part with its ETag, or 304 when the browser named that tag (RFC 9110 13.1.2)."""
    response = make_response(page)
    response.set_etag(hashlib.sha256(page.encode()).hexdigest()[:32])
    return response.make_conditional(request)
