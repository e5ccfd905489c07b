"""What an rq job runs: answer the bell for an office and a kind of work."""

from functools import cache

from minsheng.faces.process import build, make_runner
from minsheng.runtime.runner import Runner
from minsheng.runtime.settings import Settings


@cache
def runner() -> Runner:
    """The runner of this worker process, made at its first job."""
    return make_runner(build(Settings.from_environ()))


def answer(tenant_id: int, kind: str) -> int:
    """Do what is due of ``kind`` in the office; returns how many rows were claimed."""
    return runner().answer(tenant_id, kind)
