"""``docs/roles.csv``: who may do what, page by page and operation by operation.

The file is the reference, written and reviewed by people; run this module to print what the code
says today, as the first version of rows that are missing. Columns: the face (api, page, door), the
operation, what it needs (a permission, a scope, ``login`` for everybody who is logged in,
``everyone``), then a column for each role with yes or no. An API client acts by its scopes and has
no role, so the columns of roles hold ``-`` there.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from offices_apart.operations import PREFIX, all_operations

from minsheng.accounts.roles import ROLES, allowed

FILE = Path(__file__).resolve().parents[3] / "docs" / "roles.csv"
HEAD = ("face", "operation", "needs")
EVERYONE, LOGIN = "everyone", "login"


@dataclass(frozen=True)
class Row:
    """One line of the table; ``roles`` maps a role to yes, no or ``-``."""

    face: str
    operation: str
    needs: str
    roles: Mapping[str, str]

    def may(self, caller: str) -> bool:
        """Whether a caller (a role, or a scope) may do it."""
        if self.needs == EVERYONE:
            return True
        return caller == self.needs if self.face == "api" else self.roles[caller] == "yes"

    def line(self) -> str:
        """The row as it stands in the file."""
        return ",".join((self.face, self.operation, self.needs, *self.roles.values()))


def read_table() -> dict[str, Row]:
    """The rows of the file by operation."""
    with FILE.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    return {
        line["operation"]: Row(
            line["face"], line["operation"], line["needs"],
            {name: value for name, value in line.items() if name not in HEAD},
        )
        for line in lines
    }  # fmt: skip


def operations_of(app: Flask) -> dict[str, Any]:
    """Every method and path the app answers, with its view."""
    found = {}
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            found[f"{method} {rule.rule}"] = app.view_functions[rule.endpoint]
    return found


def suggested(operation: str, view: Any, roles: Iterable[str] = ROLES) -> Row:
    """The row that the code speaks for; to be looked at before it is entered."""
    scope, permission = getattr(view, "required_scope", ""), getattr(view, "needed_permission", "")
    if scope:
        return Row("api", operation, scope, dict.fromkeys(roles, "-"))
    if permission:
        may = {role: "yes" if allowed([role], permission) else "no" for role in roles}
        return Row("page", operation, permission, may)
    known = all_operations().get(operation, ("door",))
    needs = LOGIN if getattr(view, "needs_login", False) else EVERYONE
    return Row(known[0], operation, needs, dict.fromkeys(roles, "yes"))


def first_version(app: Flask) -> str:
    """The whole table as the code speaks for it."""
    rows = [suggested(name, view) for name, view in operations_of(app).items()]
    faces = ("door", "page", "api")
    rows.sort(key=lambda row: (faces.index(row.face), row.operation.partition(" ")[::-1]))
    out = io.StringIO()
    print(",".join((*HEAD, *ROLES)), file=out)
    for row in rows:
        print(row.line(), file=out)
    return out.getvalue()


def where(operation: str) -> str:
    """Where a new operation is entered."""
    known = "API" if operation.partition(" ")[2].startswith(PREFIX) else "PAGES or DOORS"
    return f"{known} of tests/isolation/offices_apart/operations.py"
