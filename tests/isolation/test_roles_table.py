"""What each role and scope may do is what ``docs/roles.csv`` says, and nothing else."""

import random
from typing import Any

from flask import Flask
from offices_apart.matrix import NO_SCOPE, callers
from offices_apart.operations import all_operations
from offices_apart.table import (
    EVERYONE,
    FILE,
    HEAD,
    LOGIN,
    Row,
    operations_of,
    read_table,
    suggested,
)
from offices_apart.world import Office, nowhere
from werkzeug.test import TestResponse

from minsheng.accounts.roles import PERMISSIONS, ROLES
from minsheng.accounts.scopes import SCOPES

FACES = {"api", "page", "door"}


def test_rel_a3_every_operation_stands_in_the_table_once(app: Flask) -> None:
    table, served = read_table(), operations_of(app)
    lines = FILE.read_text(encoding="utf-8").splitlines()
    assert len(lines) - 1 == len(table), "an operation stands twice in docs/roles.csv"
    missing = [suggested(name, view).line() for name, view in served.items() if name not in table]
    assert not missing, "\n".join(
        ["look at these rows, then enter them in docs/roles.csv", *missing]
    )
    gone = sorted(set(table) - set(served))
    assert gone == [], "no longer served: take them out of docs/roles.csv"


def test_rel_a3_every_role_is_a_column_of_the_table() -> None:
    head = FILE.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert head == [*HEAD, *ROLES], "give docs/roles.csv one column a role, in order"


def test_rel_a3_the_table_names_permissions_and_scopes_that_are_known() -> None:
    for row in read_table().values():
        known = {"api": set(SCOPES), "page": {*PERMISSIONS, LOGIN, EVERYONE}, "door": {EVERYONE}}
        assert row.face in FACES, row.line()
        assert row.needs in known[row.face], row.line()
        values = set(row.roles.values())
        assert values <= ({"-"} if row.face == "api" else {"yes", "no"}), row.line()
        assert row.needs not in (LOGIN, EVERYONE) or values == {"yes"}, row.line()


def test_rel_a3_the_gate_of_every_view_is_the_one_in_the_table(app: Flask) -> None:
    """Said by the code itself; what it does is asked below."""
    table = read_table()
    for name, view in operations_of(app).items():
        gate = getattr(view, "required_scope", "") or getattr(view, "needed_permission", "")
        assert (gate or table[name].needs) == table[name].needs, name
        assert gate or table[name].needs in (EVERYONE, LOGIN), f"{name} has no gate"


def test_rel_a3_what_the_service_does_is_what_the_table_says(
    world: Any, dice: random.Random, whole: bool
) -> None:
    differences = []
    for name, row in read_table().items():
        for who in callers(row.face) if whole else some_of(row, dice):
            answer = ask(world, name, row, who)
            if row.needs == EVERYONE and all_operations()[name][1].refused:
                continue  # Whoever asks must prove itself by what the request carries.
            does = answer.status_code not in (401, 403) and not led_to_login(answer, row)
            if does != row.may(who):
                said = f"the table says {row.may(who)}, the service does {does}"
                differences.append(f"{name} by {who}: {said} ({answer.status_code})")
    assert not differences, "\n".join(differences)


def some_of(row: Row, dice: random.Random) -> list[str]:
    """Two callers that may and two that may not, as far as there are."""
    by_may = {
        may: [who for who in callers(row.face) if row.may(who) is may] for may in (True, False)
    }
    return [who for group in by_may.values() for who in dice.sample(group, min(2, len(group)))]


def ask(world: Any, name: str, row: Row, who: str) -> TestResponse:
    """Ask with ids that are nowhere, so that nothing is used up."""
    office = world.mine
    absent = Office(office.tenant_id, "", {kind: nowhere(v) for kind, v in office.ids.items()})
    caller = world.caller(name, who)
    given = all_operations()[name][1]
    return caller.send(name, given, lambda _address, place: absent.ids[place.own or place.kind])


def led_to_login(answer: TestResponse, row: Row) -> bool:
    leads = answer.headers.get("Location", "")
    return row.needs != EVERYONE and answer.status_code == 303 and leads.startswith("/login")


def test_rel_a3_a_page_opened_to_a_wrong_role_would_be_seen(world: Any) -> None:
    row = read_table()["GET /queue"]
    assert ask(world, row.operation, row, "liaison").status_code == 200
    assert ask(world, row.operation, row, "audit_admin").status_code == 403
    assert {*callers("api")} == {*SCOPES, NO_SCOPE}
