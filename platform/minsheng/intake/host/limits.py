"""The limits under which a plugin runs."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

# One packet between the service and a nursery; the longest is the reason for a refusal.
PACKET_BYTES = 16 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use; sizes in bytes, times in seconds of wall clock unless said otherwise.

    ``memory_bytes`` is address space above what the warm parent holds. ``cpu_seconds`` is processor
    time a step (a page, an item, a call). ``processes`` is the kernel's count over the whole user
    and does not bind root: there ``run_as`` (uid, gid) makes it bind, and the kill of everything
    the run started holds in any case. ``page_seconds`` counts the plugin's time only, never that
    of the consumer; ``page_items`` and ``cursor_bytes`` are the promises of ``minsheng_sdk.Page``.
    """

    memory_bytes: int = GIB
    cpu_seconds: int = 60
    open_files: int = 256
    processes: int = 512
    file_bytes: int = 64 * MIB
    frame_bytes: int = 64 * MIB
    run_bytes: int = GIB
    page_items: int = 1_000
    cursor_bytes: int = 64 * KIB
    start_seconds: float = 30.0
    end_seconds: float = 5.0
    call_seconds: float = 120.0
    page_seconds: float = 120.0
    pull_seconds: float = 1_800.0
    item_seconds: float = 10.0
    run_as: tuple[int, int] | None = None
