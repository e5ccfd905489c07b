"""The board's signature and the exact text of its requests.

The signature is md5(path without query + param text + md5(appCode)[:16] + token), in hex. Every
byte of the param text and the order of its members count, so the texts are built here once and
tested against recorded requests.
"""

import hashlib
import json
from collections.abc import Mapping


def param_text(param: Mapping[str, object]) -> str:
    """Write a param as the board's own pages do: no spaces, no escapes beyond JSON's."""
    return json.dumps(param, ensure_ascii=False, separators=(",", ":"))


def signature(path: str, param: str, app_code: str, token: str) -> str:
    """Sign a request; ``path`` may carry a query, which does not count."""
    plain = path.partition("?")[0]
    return _md5(plain + param + _md5(app_code)[:16] + token)


def signed_body(path: str, param: Mapping[str, object], app_code: str, token: str) -> bytes:
    """Return the JSON body of a request: appCode, token, signature and param as text."""
    text = param_text(param)
    envelope = {
        "appCode": app_code,
        "token": token,
        "signature": signature(path, text, app_code, token),
        "param": text,
    }
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


def list_param(
    section: str, forum: str, type_id: int, last_item: str, rows: int
) -> Mapping[str, object]:
    """Return the param of a list request, in the recorded forms of the two sections.

    ``df`` (territory) was recorded with fid and position as text, ``bw`` (ministry) with both as
    numbers.
    """
    territory = section == "df"
    return {
        "fid": forum if territory else int(forum),
        "showUnAnswer": 1,
        "typeId": type_id,
        "lastItem": last_item,
        "position": "0" if territory else 1,
        "rows": rows,
        "orderType": 2,
    }


def _md5(text: str) -> str:
    # The board's choice, not ours: it guards the request's form, no secret.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
