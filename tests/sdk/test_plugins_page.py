"""docs/plugins.md says what the SDK is: its hooks, errors and faults, and an example that runs."""

import ast
import inspect
import re
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import get_args

import pytest

import minsheng_sdk
from minsheng.intake.host import PluginRegistry
from minsheng.intake.host.registry import GROUP
from minsheng_sdk import ChannelError, Fault, PermanentError, RetryableError, spec
from minsheng_sdk.testing import check_names

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/plugins.md").read_text(encoding="utf-8")
EXAMPLE = "tests/sdk/example_channel.py"
HOOKS = [
    node
    for node in ast.parse(inspect.getsource(spec)).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("minsheng_")
]


def hook_sections(page: str) -> dict[str, str]:
    """Each heading of a hook, in order, with what stands below it up to the next heading."""
    return dict(re.findall(r"^### (minsheng_.*)\n((?:(?!#).*\n)*)", page, re.MULTILINE))


def fenced(page: str, marker: str) -> str:
    """The one fenced block that follows the marker ``<!-- marker -->``."""
    block = rf"^<!-- {re.escape(marker)} -->\n```\w+\n(.*?)^```\n"
    (found,) = re.findall(block, page, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_page_has_a_heading_for_each_hook_with_its_arguments_in_the_order_of_the_spec() -> None:
    wanted = [f"{hook.name}({', '.join(arg.arg for arg in hook.args.args)})" for hook in HOOKS]
    assert len(wanted) == 9
    assert list(hook_sections(PAGE)) == wanted


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.name)
def test_the_section_of_a_hook_shows_its_exact_signature(hook: ast.FunctionDef) -> None:
    (section,) = [
        text for title, text in hook_sections(PAGE).items() if title.startswith(f"{hook.name}(")
    ]
    assert hook.returns is not None
    signature = f"{hook.name}({ast.unparse(hook.args)}) -> {ast.unparse(hook.returns)}"
    assert section.startswith(f"\n`{signature}`\n")


def test_the_page_names_every_error_and_whether_a_retry_helps() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    known = [getattr(minsheng_sdk, name) for name in minsheng_sdk.__all__]
    errors = {each for each in known if isinstance(each, type) and issubclass(each, ChannelError)}
    groups = {ChannelError, RetryableError, PermanentError}
    assert set(listed) == {error.__name__ for error in errors - groups}
    assert len(listed) == len(set(listed))
    # "The first two are RetryableError, the next five PermanentError" is what the page says.
    bases = [getattr(minsheng_sdk, name).__bases__[0] for name in listed]
    assert bases == [RetryableError] * 2 + [PermanentError] * 5 + [ChannelError]
    assert all(f"`{group.__name__}`" in PAGE for group in groups)


def test_the_page_names_every_fault_of_a_loopback_server() -> None:
    text = PAGE.partition("## The loopback server")[2].partition("\n## ")[0]
    assert [fault for fault in get_args(Fault) if f"`{fault}`" not in text] == []


def test_the_example_of_the_page_is_the_file_that_the_tests_run() -> None:
    shown = fenced(PAGE, f"example: {EXAMPLE}")
    assert shown == (ROOT / EXAMPLE).read_text(encoding="utf-8"), (
        f"copy {EXAMPLE} between the markers of docs/plugins.md"
    )


def test_the_kit_as_the_page_shows_it_runs_every_check_on_the_example(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str((ROOT / EXAMPLE).parent))
    names: dict[str, object] = {}
    exec(compile(fenced(PAGE, "kit"), "docs/plugins.md", "exec"), names)
    test = names["test_the_plugin_conforms"]
    (mark,) = test.pytestmark  # type: ignore[attr-defined]
    cases = mark.args[1]
    assert [str(case) for case in cases] == list(check_names())
    assert [test(case) for case in cases[:1]] == [None]  # type: ignore[operator]


def test_the_service_loads_the_example_by_the_entry_point_that_the_page_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str((ROOT / EXAMPLE).parent))
    groups = tomllib.loads(fenced(PAGE, "entry point"))["project"]["entry-points"]
    assert list(groups) == [GROUP]
    ((name, value),) = groups[GROUP].items()
    good = PluginRegistry.of([EntryPoint(name, value, GROUP)])
    assert (good.names, good.refused) == (("suggestion_book",), {})
    other = PluginRegistry.of([EntryPoint("another_name", value, GROUP)])
    assert (other.names, list(other.refused)) == ((), ["another_name"])
