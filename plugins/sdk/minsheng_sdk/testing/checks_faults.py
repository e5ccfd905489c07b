"""Checks of pulling from a source that misbehaves."""

from collections.abc import Callable

from minsheng_sdk.errors import ChannelError, CredentialsRefused
from minsheng_sdk.loopback import Fault
from minsheng_sdk.testing.bench import MOST_POSITIONS, Bench, Pulled, Source, demand
from minsheng_sdk.testing.samples import sample_messages

# Enough for a fault that strikes a later pull than the one it was meant for.
MOST_TRIES = 4

PASSING: tuple[Fault, ...] = ("refuse", "drop", "empty", "throttle")

_OLD = sample_messages(5, "a")
_NEW = sample_messages(5, "b", first=_OLD[-1].received_at)


def loses_nothing(fault: Fault) -> Callable[[Bench], str]:
    """Make the check of one fault, at every request of a first and of a later pull."""

    def check(bench: Bench) -> str:
        errors: list[str] = []
        places = 0
        for later in (False, True):
            for place in range(_requests(bench, later)):
                places += 1
                errors += _recover(bench, fault, place, later)
        names = ", ".join(sorted(set(errors))) or "none, the plugin tried again by itself"
        return f"{fault} at {places} requests; errors: {names}"

    check.__name__ = f"{fault}_loses_nothing"
    check.__doc__ = f"After the fault {fault}, at any request, nothing is lost and all is told."
    return check


def _requests(bench: Bench, later: bool) -> int:
    with bench.source() as source:
        begun = _begin(source, later)
        used = source.requests_of(lambda: source.pull_well(begun.cursor))
    demand(used > 0, "the loopback server counted no request of a pull")
    return min(used, MOST_POSITIONS)


def _begin(source: Source, later: bool) -> Pulled:
    """Put the arrivals; before a ``later`` pull the first five were pulled already."""
    source.put(_OLD)
    begun = source.pull_well() if later else Pulled("")
    source.put(_NEW)
    return begun


def _recover(bench: Bench, fault: Fault, place: int, later: bool) -> list[str]:
    """Let the fault strike, pull until all is well again, and count what has arrived by then."""
    where = f"{fault} at request {place + 1} of a {'later' if later else 'first'} pull"
    errors: list[str] = []
    with bench.source() as source:
        begun = _begin(source, later)
        seen, cursor = begun.keys, begun.cursor
        source.fail_next(fault, place)
        while len(errors) < MOST_TRIES:
            pulled = source.pull(cursor)
            seen, cursor = seen | pulled.keys, pulled.cursor
            if pulled.error is None:
                break
            errors.append(type(pulled.error).__name__)
    total = len(_OLD + _NEW)
    demand(len(errors) < MOST_TRIES, f"{where}: {MOST_TRIES} pulls failed, {errors[-1:]}")
    demand(
        len(seen) == total or bool(errors),
        f"{where}: the pull ended as if all were well, with {len(seen)} of {total} arrivals",
    )
    demand(len(seen) >= total, f"{where}: {total - len(seen)} of {total} arrivals lost")
    demand(len(seen) <= total, f"{where}: {len(seen)} keys for {total} arrivals")
    return errors


def passing_faults_are_retryable(bench: Bench) -> str:
    """What passes by itself is told as retryable, and a request for patience is kept."""
    told: dict[str, str] = {}
    for fault in PASSING:
        with bench.source() as source:
            source.put(_OLD)
            source.fail_next(fault)
            error = source.pull().error
        told[fault] = type(error).__name__
        demand(error is None or error.retryable, f"{fault} became {error!r}, which nobody retries")
    return ", ".join(f"{fault}: {error}" for fault, error in told.items())


def denied_credentials_are_named(bench: Bench) -> str:
    """Refused credentials are CredentialsRefused in a pull, and no yes in a check."""
    with bench.source() as source:
        source.put(_OLD)
        source.fail_next("deny")
        error = source.pull().error
        demand(isinstance(error, CredentialsRefused), f"a denied pull ended with {error!r}")
        demand(error is not None and not error.retryable, "refused credentials are retryable")
        source.fail_next("deny")
        try:
            said = f"ok={bench.hook.minsheng_check(settings=source.settings).ok}"
        except ChannelError as refusal:
            said = type(refusal).__name__
    demand(said in ("ok=False", "CredentialsRefused"), f"a denied check ended with {said}")
    return f"pull: CredentialsRefused, check: {said}"
