"""Identifiers grow, so that rows lie in the order they came."""

import threading
from concurrent.futures import ThreadPoolExecutor

from minsheng.runtime.ids import new_id


def test_identifiers_of_a_process_grow_and_are_of_version_seven() -> None:
    ids = [new_id() for _ in range(20_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {each.version for each in ids} == {7}


def test_threads_at_once_make_no_identifier_twice() -> None:
    ready = threading.Barrier(4)

    def make(_number: int) -> list[object]:
        ready.wait()
        return [new_id() for _ in range(5_000)]

    with ThreadPoolExecutor(4) as pool:
        made = [each for part in pool.map(make, range(4)) for each in part]
    assert len(set(made)) == 20_000
