"""Kill -9 at random points of the whole road: nothing is lost, nothing is taken in twice."""

import random
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from threading import Event
from typing import Any

import pytest

from minsheng_sdk import SampleMessage

PLUGINS = ("hotline_12345", "leaders_board", "mailbox")


@pytest.fixture
def seed() -> int:
    """The seed of this run; a failed test shows it."""
    number = secrets.randbelow(1_000_000)
    sys.stdout.write(f"seed {number}\n")
    return number


def portions(samples: list[SampleMessage], parts: int) -> Iterator[list[SampleMessage]]:
    """The samples in ``parts`` portions of nearly equal size."""
    source = iter(samples)
    for part in range(parts):
        yield list(islice(source, (len(samples) * (part + 1)) // parts
                          - (len(samples) * part) // parts))  # fmt: skip


def test_killed_and_stopped_at_random_every_message_is_taken_in_exactly_once(
    rig: Callable[..., Any],
    deal: Callable[[int], dict[str, list[SampleMessage]]],
    scaled: Callable[[int, int], int],
    eventually: Callable[..., None],
    seed: int,
) -> None:
    """The whole group is killed, one process alone, or one is stopped past its lease."""
    choice = random.Random(seed)
    blows = ["group", "one"] * scaled(15, 1) + ["stop"] * scaled(10, 1)
    choice.shuffle(blows)
    service = rig(*PLUGINS)
    dealt = {
        name: list(portions(samples, len(blows) + 1))
        for name, samples in deal(scaled(1000, 100)).items()
    }
    service.start()
    for turn, blow in enumerate(blows):
        for name, slices in dealt.items():
            service.arrive(name, slices[turn])
        service.pull()
        arrived = sum(len(slices[turn]) for slices in dealt.values())
        goal = service.progress() + choice.randint(1, 2 * arrived)
        eventually(lambda goal=goal: service.progress() >= goal, 240, f"work before blow {turn}")
        Event().wait(choice.uniform(0, 0.2))
        strike(service, blow, choice, eventually)
    for name, slices in dealt.items():
        service.arrive(name, slices[-1])
    service.finish(400)
    service.told_once()
    service.stop()


def strike(service: Any, blow: str, choice: random.Random, eventually: Callable[..., None]) -> None:
    """Hit the worker, and start it again when that ended it."""
    if blow == "stop":
        with service.stopped(choice):
            past_lease = time.monotonic() + 2.5
            eventually(lambda: time.monotonic() > past_lease, 10, "the lease is over")
    elif blow == "group":
        service.kill_group()
        service.start()
    elif service.kill_one(choice) == "parent":
        service.start()
