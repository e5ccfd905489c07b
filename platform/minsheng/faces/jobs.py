"""What an rq job runs: answer the bell for an office and a kind of work."""

from functools import cache

from minsheng.faces.process import build, make_runner
from minsheng.faces.start import check_start
from minsheng.runtime.runner import Runner
from minsheng.runtime.settings import Settings


@cache
def runner() -> Runner:
    """The runner of this worker process, made at its first job; raises StartRefused."""
    process = build(Settings.from_environ())
    check_start(process)
    return make_runner(process)


def answer(tenant_id: int, kind: str) -> int:
    """Do what is due of ``kind`` in the office; returns how many rows were claimed."""
    return runner().answer(tenant_id, kind)
