"""Every operation and page with other offices' ids answers as for an id that is nowhere."""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from offices_apart.matrix import (
    LAYERS,
    Cell,
    all_cells,
    callers,
    judge,
    one_other,
    own_ids,
    read,
    said,
)
from offices_apart.operations import NOTICE, PREFIX, Given, all_operations, places
from offices_apart.record import Record, names_in_source
from offices_apart.table import operations_of, read_table, where
from offices_apart.world import content, nowhere

import minsheng.faces
from minsheng.faces.app import create_app
from minsheng.faces.process import Process

ENTRY = "tests/isolation/offices_apart/operations.py"
A_CSRF = {"csrf_token"}
_VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")


def test_rel_i3_every_operation_and_page_is_entered(app: Flask) -> None:
    served, entered = set(operations_of(app)), set(all_operations())
    missing = [f"{name}: enter it in {where(name)}" for name in sorted(served - entered)]
    assert not missing, "\n".join(missing)
    assert entered - served == set(), f"no longer served: take them out of {ENTRY}"


def test_rel_i3_every_place_in_a_path_is_entered() -> None:
    wrong = {
        name: sorted(_VARIABLE.findall(name))
        for name, (_face, given) in all_operations().items()
        if sorted(_VARIABLE.findall(name)) != sorted(given.path)
    }
    assert wrong == {}, f"give these path places an Id or a value in {ENTRY}"


def test_rel_i3_every_member_and_parameter_of_the_api_is_entered(app: Flask) -> None:
    document = app.test_client().get(f"{PREFIX}/openapi.json").get_json()
    missing = []
    for name, (face, given) in all_operations().items():
        if face != "api":
            continue
        declared = set(_declared(document, name))
        entered = {*_addresses("query", given.query), *_addresses("body", given.body or {})}
        missing += [f"{name}: {place}" for place in sorted(declared - entered)]
    assert not missing, "\n".join(
        [f"enter them in {ENTRY}: Id(kind) where it names a row, else a value", *missing]
    )


def _declared(document: Any, name: str) -> Iterator[str]:
    method, _, rule = name.partition(" ")
    item = document["paths"][re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)]
    for given in (*item.get("parameters", []), *item[method.lower()].get("parameters", [])):
        if given["in"] == "query":
            yield f"query.{given['name']}"
    body = item[method.lower()].get("requestBody")
    if body:
        yield from _members(document, body["content"]["application/json"]["schema"], "body")


def _members(document: Any, schema: Any, address: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    for name, inner in schema.get("properties", {}).items():
        yield f"{address}.{name}"
        yield from _members(document, inner, f"{address}.{name}")


def _addresses(address: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield f"{address}.{name}"
            yield from _addresses(f"{address}.{name}", inner)


def test_rel_i3_every_form_field_and_parameter_that_a_page_reads_is_entered(
    process: Process, world: Any, furnished: Any
) -> None:
    record, app = Record(), create_app(process)
    record.watch(app)
    world = replace(world, apps=dict.fromkeys(LAYERS, app), mine=furnished(world.mine.tenant_id))
    for name, row in read_table().items():
        if row.face == "page":
            who = next(who for who in callers("page") if row.may(who))
            world.caller(name, who).send(name, all_operations()[name][1], own_ids(world.mine))
    missing = []
    for name, (face, given) in all_operations().items():
        if face == "page":
            entered = (set(given.query) | NOTICE, set(given.form) | A_CSRF)
            read = (record.query[name], record.form[name])
            missing += [f"{name}: query.{f}" for f in sorted(read[0] - entered[0] - entered[1])]
            missing += [f"{name}: form.{f}" for f in sorted(read[1] - entered[1] - entered[0])]
    assert not missing, "\n".join(
        [f"enter them in {ENTRY}: Id(kind) where it names a row, else a value", *missing]
    )
    assert record.form["POST /cases/<number>/split"] >= {"message", "reason", "csrf_token"}


def test_rel_i3_every_parameter_named_in_the_sources_is_entered() -> None:
    entered = A_CSRF | NOTICE
    for _face, given in all_operations().values():
        entered |= {*given.query, *given.form}
    named = set(names_in_source(Path(minsheng.faces.__path__[0]) / "web"))
    assert named - entered == set(), f"enter them in {ENTRY}"
    assert named >= {"message", "office"}


def chosen(dice: random.Random, layer: str, whole: bool) -> list[Cell]:
    """All cells of a layer, or one of two fifths of the groups (operation, place, may or not)."""
    cells = [cell for cell in all_cells() if cell.layer == layer]
    if whole:
        return cells
    table, groups = read_table(), defaultdict(list)
    for cell in cells:
        row = table.get(cell.operation)
        may = row is not None and row.may(cell.caller)
        groups[cell.operation, cell.place, may].append(cell)
    rotating = dice.sample([*groups.values()], len(groups) * 2 // 5)
    return [dice.choice(group) for group in rotating]


@pytest.mark.parametrize("layer", LAYERS)
def test_rel_i3_foreign_ids_answer_like_ids_that_are_nowhere(
    world: Any, owner: psycopg.Connection[Any], dice: random.Random, whole: bool, layer: str,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    if layer == LAYERS[1]:
        request.getfixturevalue("without_filter")
    faults = run_cells(world, owner, chosen(dice, layer, whole))
    assert not faults, "\n".join(faults)


def run_cells(world: Any, owner: psycopg.Connection[Any], cells: list[Cell]) -> list[str]:
    """Carry cells out; every fault, and every change in an office that did not act."""
    operations, table, faults = all_operations(), read_table(), []
    others = [office.tenant_id for office in world.others.values()]
    before = content(owner, others)
    for cell in sorted(cells, key=lambda cell: cell.operation):
        _face, given = operations[cell.operation]
        may = cell.operation not in table or table[cell.operation].may(cell.caller)
        caller = world.caller(cell.operation, cell.caller, cell.layer)
        foreign = world.others[cell.relation]
        found = judge(cell, given, caller, world.mine, foreign, may=may)
        faults += [f"{cell}: {fault}" for fault in found]
    after = content(owner, others)
    faults += [
        f"changed in another office: {name}" for name in after if after[name] != before[name]
    ]
    return faults


def test_rel_i3_the_matrix_sees_an_office_that_is_not_kept_apart(
    world: Any, owner: psycopg.Connection[Any], without_filter: None
) -> None:
    """Both layers off at once: it must be seen at every operation that names a case."""
    looks = {"GET /cases/<number>": "liaison", "GET /api/v1/cases/<number>": "cases:read"}
    changes = {
        "POST /cases/<number>/merge": "liaison",
        "POST /channels/<code>/pause": "system_admin",
    }
    for name, caller in (looks | changes).items():
        places_of = [place for place in places(all_operations()[name][1]) if "path" in place]
        cell = Cell(name, places_of[0], "sibling", caller, LAYERS[2])
        assert run_cells(world, owner, [cell]) != [], name


def test_rel_i3_an_own_id_is_answered_otherwise_so_that_the_attack_could_have_worked(
    world: Any, furnished: Any, dice: random.Random, whole: bool
) -> None:
    deaf, used_up = [], True
    names = [name for name, (_face, given) in all_operations().items() if places(given)]
    for name in names if whole else dice.sample(names, len(names) // 4):
        given = all_operations()[name][1]
        if used_up or not name.startswith("GET"):
            world = replace(world, mine=furnished(world.mine.tenant_id))
        deaf += _deaf(world, name, given)
        used_up = not name.startswith("GET")
    assert not deaf, "\n".join(deaf)


def _deaf(world: Any, name: str, given: Given) -> Iterator[str]:
    mine, row = world.mine, read_table()[name]
    caller = world.caller(name, next(who for who in callers(row.face) if row.may(who)))
    absent = {}
    for place, wanted in places(given).items():
        gone = nowhere(mine.ids[wanted.own or wanted.kind])
        answer = caller.send(name, given, one_other(mine, place, gone))
        absent[place] = said(answer, gone, *mine.ids.values())
    answer = caller.send(name, given, own_ids(mine))
    own = said(answer, *mine.ids.values())
    if answer.status_code >= 400 and not given.refused:
        yield f"{name}: the own request is answered {answer.status_code} {read(answer)[:200]}"
    for place, wanted in places(given).items():
        if absent[place] == own and not (given.silent or wanted.public):
            yield f"{name}: {place} makes no difference"


def test_rel_i3_nobody_gets_further_than_the_door(app: Flask, world: Any) -> None:
    table = read_table()
    for name, (_face, given) in all_operations().items():
        if table[name].needs == "everyone":
            continue
        answer = world.caller(name, "nobody").send(name, given, own_ids(world.mine))
        led = answer.status_code == 303 and answer.headers["Location"].startswith("/login")
        assert led or answer.status_code in (401, 403), name
        assert world.mine.mark not in answer.get_data(as_text=True)
