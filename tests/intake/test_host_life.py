"""The warm parents: started once, started again, and gone when their owner is."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from minsheng.intake.host import ParseFailure, PluginCrashed, PluginHost, PluginTimedOut
from minsheng_sdk import ParsedMessage, RawItem

MOOD = {"mood": "calm"}
MakeHost = Callable[..., PluginHost]
MOODY = Path(__file__).parent / "hostile" / "moody.py"


def parse_one(host: PluginHost, word: str = "路灯") -> ParsedMessage | ParseFailure:
    (outcome,) = host.parse("moody", MOOD, [RawItem("k", word.encode())])
    return outcome


@pytest.fixture
def host(make_host: MakeHost) -> PluginHost:
    """A host of the test's own, for these tests count its processes."""
    return make_host()


def nurseries() -> list[psutil.Process]:
    """The nurseries of this process for plugins of the folder ``hostile``."""
    return [
        child
        for child in psutil.Process().children()
        if any(part.startswith(f"path:{MOODY.parent}") for part in child.cmdline())
    ]


def test_one_nursery_serves_many_runs(host: PluginHost) -> None:
    for _ in range(3):
        assert isinstance(parse_one(host), ParsedMessage)
    (nursery,) = nurseries()
    assert nursery.children() == []


def test_a_closed_host_leaves_no_process_and_can_be_used_again(host: PluginHost) -> None:
    parse_one(host)
    (nursery,) = nurseries()
    host.close()
    assert not nursery.is_running()
    assert isinstance(parse_one(host), ParsedMessage)


def test_a_killed_nursery_is_started_again(host: PluginHost) -> None:
    parse_one(host)
    (first,) = nurseries()
    first.kill()
    assert isinstance(parse_one(host), ParsedMessage)
    (second,) = nurseries()
    assert second.pid != first.pid


def test_an_innocent_item_survives_the_kill_of_its_nursery(host: PluginHost) -> None:
    outcomes = host.parse("moody", MOOD, [RawItem(f"k{n}", b"m") for n in range(3)])
    assert isinstance(next(outcomes), ParsedMessage)
    (nursery,) = nurseries()
    nursery.kill()
    assert [type(each) for each in outcomes] == [ParsedMessage, ParsedMessage]


def test_a_pull_whose_nursery_is_killed_says_so_and_leaves_no_child(host: PluginHost) -> None:
    pages = host.pull("moody", MOOD, "")
    next(pages)
    (nursery,) = nurseries()
    family = nursery.children()
    nursery.kill()
    assert len(family) == 1
    assert psutil.wait_procs(family, 10)[1] == []
    with pytest.raises(PluginCrashed, match="warm parent was killed"):
        next(pages)


def test_a_nursery_that_was_told_to_end_takes_its_children_along(host: PluginHost) -> None:
    pages = host.pull("moody", {"mood": "sleepers"}, "")
    next(pages)
    (nursery,) = nurseries()
    family = nursery.children(recursive=True)
    assert len(family) == 3
    nursery.terminate()
    gone, left = psutil.wait_procs(family, 10)
    assert (len(gone), left) == (3, [])
    pages.close()  # type: ignore[attr-defined]


def test_threads_share_a_nursery_and_keep_their_runs_apart(host: PluginHost) -> None:
    words = [f"第{n}件" for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda word: parse_one(host, word), words))
    bodies = [each.body for each in outcomes if isinstance(each, ParsedMessage)]
    assert bodies == [f"calm:{word}" for word in words]
    assert len(nurseries()) == 1


def test_a_nursery_outlives_the_thread_that_started_it(host: PluginHost) -> None:
    for _ in range(2):
        with ThreadPoolExecutor(1) as pool:
            assert isinstance(pool.submit(parse_one, host).result(), ParsedMessage)
    assert len(nurseries()) == 1


def test_a_forked_process_gets_nurseries_of_its_own_and_leaves_the_first_alone(
    host: PluginHost,
) -> None:
    pages = host.pull("moody", MOOD, "")
    next(pages)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            pages.close()  # type: ignore[attr-defined]
            mine = nurseries()
            fine = isinstance(parse_one(host), ParsedMessage) and (mine, len(nurseries())) == (
                [],
                1,
            )
            host.close()
            status = 0 if fine else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert [page.cursor for page in pages] == ["2", "3"]


@pytest.mark.parametrize("thread", ["main", "other"])
def test_nurseries_end_when_their_owner_is_killed(thread: str) -> None:
    program = f"""
import sys, threading
from minsheng.intake.host import PluginHost
host = PluginHost(sources={{"moody": "path:{MOODY}"}})
def work():
    global pages
    pages = host.pull("moody", {{"mood": "hangs later"}}, "")
    next(pages)
if {thread!r} == "main":
    work()
else:
    other = threading.Thread(target=work)
    other.start()
    other.join()
print("ready", flush=True)
next(pages)
"""
    owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        family = psutil.Process(owner.pid).children(recursive=True)
        assert len(family) == 2
        owner.send_signal(signal.SIGKILL)
    assert psutil.wait_procs(family, 10)[1] == []


def test_an_import_without_end_is_given_up(make_host: MakeHost) -> None:
    host = make_host(start_seconds=0.5, end_seconds=0.5)
    with pytest.raises(PluginTimedOut, match=r"its import took over 0\.5 s"):
        host.check("import_hangs", {})
    assert nurseries() == []


def test_an_import_that_ends_the_process_is_a_crash(host: PluginHost) -> None:
    with pytest.raises(PluginCrashed, match="ended while the plugin was imported"):
        host.check("import_exits", {})
    assert nurseries() == []
