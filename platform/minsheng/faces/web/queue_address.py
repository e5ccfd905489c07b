"""The address of the queue: which parameters it knows, and nothing else."""

from urllib.parse import parse_qs, urlencode

PARAMETERS = (
    "view", "state", "channel", "q", "sort", "cursor", "stage", "grade", "handler", "due",
)  # fmt: skip


def lean_query(given: str) -> str:
    """What stands behind the ``?`` of a queue's address: known parameters that say something.

    The place in it (``cursor``) is left out.
    """
    known = {name: values[-1] for name, values in parse_qs(given).items() if name in PARAMETERS}
    known.pop("cursor", None)
    return urlencode({name: value for name, value in known.items() if value})
