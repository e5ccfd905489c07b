"""``minsheng tenants``: one body, or a whole file of them or none."""

import itertools
from pathlib import Path
from typing import Any

import pytest

_numbers = itertools.count(1)
HEADER = "code,name,kind,parent\n"


@pytest.fixture
def mark() -> str:
    """The beginning of codes that no other test uses."""
    return f"CLI{next(_numbers)}"


def codes(shell: Any, mark: str) -> set[str]:
    return {body["code"] for body in shell.json("tenants", "list") if mark + "-" in body["code"]}


def test_a_body_is_added_below_another_and_shown(shell: Any, county: str, mark: str) -> None:
    add = ("tenants", "create", "--code", f"{mark}-A", "--name", "住建局", "--kind", "department")
    made = shell.json(*add, "--parent", county)
    assert made == [
        {"code": f"{mark}-A", "name": "住建局", "kind": "department", "status": "active"}
    ]
    assert shell.json("tenants", "show", f"{mark}-A") == made[0]
    assert shell("tenants", "show", f"{mark}-A").stdout == f"{mark}-A\t住建局\tdepartment\tactive\n"
    assert codes(shell, mark) == {f"{mark}-A"}
    assert "exists already" in shell.refused(*add, "--parent", county)
    assert "needs a parent" in shell.refused(*add)
    assert "'NOWHERE'" in shell.refused(*add, "--parent", "NOWHERE")
    assert "'NOWHERE'" in shell.refused("tenants", "show", "NOWHERE")


def test_a_body_is_moved_below_another_and_not_below_itself(
    shell: Any, county: str, mark: str
) -> None:
    add = ("tenants", "create", "--name", "住建局", "--kind", "department", "--parent", county)
    shell.json(*add, "--code", f"{mark}-A")
    moved = shell.json("tenants", "move", f"{mark}-A", "--parent", "000000")
    assert moved["code"] == f"{mark}-A"
    assert "itself" in shell.refused("tenants", "move", f"{mark}-A", "--parent", f"{mark}-A")
    assert "cannot stand below" in shell.refused("tenants", "move", county, "--parent", "000000")
    assert "'NOWHERE'" in shell.refused("tenants", "move", county, "--parent", "NOWHERE")


@pytest.mark.parametrize(
    "args",
    [(), ("--code", "X1", "--name", "某局"), ("--csv", __file__, "--code", "X1"),
     ("--csv", __file__, "--parent", "X1"), ("--csv", "/nowhere.csv"),
     ("--code", "X1", "--name", "某局", "--kind", "village")],
)  # fmt: skip
def test_a_wish_that_is_not_whole_is_refused_with_the_options(
    shell: Any, args: tuple[str, ...]
) -> None:
    done = shell("tenants", "create", *args)
    assert done.exit_code == 2
    assert "--c" in done.stderr or "--kind" in done.stderr
    assert "Error: " in done.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_file_is_read_in_each_encoding_that_spreadsheets_write(
    shell: Any, county: str, mark: str, tmp_path: Path, encoding: str, ends: str
) -> None:
    file = tmp_path / "bodies.csv"
    rows = f"{HEADER}{mark}-A,教育局,department,{county}\n"
    rows += f'\n{mark}-B,"龑镇, 卫生院",department,{county}\n'
    file.write_bytes(rows.replace("\n", ends).encode(encoding))
    made = shell.json("tenants", "create", "--csv", str(file))
    assert [(body["code"], body["name"]) for body in made] == [
        (f"{mark}-A", "教育局"),
        (f"{mark}-B", "龑镇, 卫生院"),
    ]
    assert codes(shell, mark) == {f"{mark}-A", f"{mark}-B"}


def test_a_row_may_stand_below_an_earlier_row_and_columns_in_any_order(
    shell: Any, county: str, mark: str, tmp_path: Path
) -> None:
    file = tmp_path / "bodies.csv"
    file.write_text(
        "parent,kind,code,name\n"
        f"{county},street,{county}001,某街道\n"
        f"{county}001,department,{mark}-A,某站\n"
    )
    assert len(shell.json("tenants", "create", "--csv", str(file))) == 2


BROKEN = [
    pytest.param("{mark}-B,教育局,department\n", "line 3: 4 cells are needed, not 3", id="missing"),
    pytest.param("{mark}-B,教,育局,department,{county}\n", "line 3: 4 cells are needed, not 5",
                 id="extra"),
    pytest.param("{mark}-B,\"教育局,department,{county}\n{mark}-C,x,department,{county}\n",
                 "line 3: unexpected end of data; mend the quotes", id="quote"),
    pytest.param("{mark}-B,\"教\"育\"局,department,{county}\n", "line 3: ',' expected",
                 id="quote inside"),
    pytest.param("{mark}-B,教育局,village,{county}\n", "line 3: unknown kind 'village'", id="kind"),
    pytest.param("{mark}-A,教育局,department,{county}\n",
                 "line 3: a body with code {mark}-A exists", id="twice"),
    pytest.param("{mark}-B,教育局,department,NOWHERE\n", "line 3: no body with code 'NOWHERE'",
                 id="parent"),
    pytest.param("{mark}-B,,department,{county}\n", "line 3: a body needs a name", id="name"),
    pytest.param("{mark}-B,教\0局,department,{county}\n", "line 3: holds a NUL", id="nul"),
]  # fmt: skip


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
@pytest.mark.parametrize(("row", "words"), BROKEN)
def test_a_broken_row_is_named_by_its_line_and_nothing_is_added(
    shell: Any, county: str, mark: str, tmp_path: Path, row: str, words: str, encoding: str
) -> None:
    file = tmp_path / "bodies.csv"
    whole = f"{HEADER}{mark}-A,财政局,department,{county}\n" + row
    file.write_bytes(whole.format(mark=mark, county=county).encode(encoding))
    said = shell.refused("tenants", "create", "--csv", str(file))
    assert said.startswith(words.format(mark=mark))
    assert "\n" not in said
    assert codes(shell, mark) == set()


def test_bytes_of_no_known_encoding_are_named_by_their_line(
    shell: Any, county: str, mark: str, tmp_path: Path
) -> None:
    file = tmp_path / "bodies.csv"
    row = f"{mark}-A,财政局,department,{county}\n"
    file.write_bytes((HEADER + row).encode("gbk") + b"\xff\xff,x,department,y\n")
    said = shell.refused("tenants", "create", "--csv", str(file))
    assert said.startswith("line 3: neither UTF-8 nor GB 18030: save the file as UTF-8")
    assert codes(shell, mark) == set()


@pytest.mark.parametrize(
    "header",
    ["", "\n", "code,name,kind\n", "code;name;kind;parent\n", "code,name,kind,parent,note\n",
     "code,code,kind,parent\n"],
)  # fmt: skip
def test_another_header_is_refused_with_the_columns_that_are_needed(
    shell: Any, tmp_path: Path, header: str
) -> None:
    file = tmp_path / "bodies.csv"
    file.write_text(f"{header}A1,某局,department,X\n" if header else "")
    said = shell.refused("tenants", "create", "--csv", str(file))
    assert said.startswith("line 1: the columns must be code, name, kind, parent")


def test_an_open_quote_in_the_header_is_one_line_too(shell: Any, tmp_path: Path) -> None:
    file = tmp_path / "bodies.csv"
    file.write_text('code,name,kind,"parent\nA1,某局,department,X\n')
    assert shell.refused("tenants", "create", "--csv", str(file)).startswith("line 1: ")
