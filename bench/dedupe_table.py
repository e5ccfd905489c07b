"""Duplicate matchers side by side, in one run on one corpus: quality, speed, latency, room.

    python -m bench dedupe                                   about ten minutes on a calm machine
    python -m bench dedupe --stored 10000,100000,1000000     hours
    python -m bench dedupe --peer hybrid_lr --peer rensa --peer minhash_lsh

The harness, its peers and the real letters that corpora grow from stand beside the project, in
`../shared` (or where MINSHENG_SHARED points); without them nothing is measured here, and that is
said. Peers need libraries that the service does not: `--python` names an interpreter that has
them; otherwise a virtual environment of their own is made in `var/bench-dedupe`. Read ratios
within one run: milliseconds of a shared machine say little.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("MINSHENG_SHARED", ROOT.parent / "shared"))
HARNESS = SHARED / "bench" / "dedupe"
LETTERS = [
    SHARED / "data" / "taidi2020c" / name
    for name in ("fujian4_with_replies.csv", "fujian2_labelled_part.csv")
]
LEFT_OUT = "left out: the side-by-side of duplicate matchers, since {} is not here"

PEERS = {
    "hybrid_lr": "scikit-learn datasketch xxhash opencc",
    "rensa": "rensa",
    "minhash_lsh": "datasketch xxhash",
    "simhash3": "simhash",
    "rapidfuzz_ratio": "rapidfuzz",
    "bm25_tantivy": "tantivy",
    "tfidf_sparse": "scikit-learn sparse-dot-topn",
    "splink": "splink duckdb pyarrow",
    "dedupe_lib": "dedupe",
}
"""Peers by the harness's name, and the packages that each needs."""

_ALWAYS = ("hybrid_lr", "rensa")
_OURS = "numpy opencc pypinyin"


def main(argv: Sequence[str]) -> None:
    """Make the corpora, run the peers and both stores, and print the tables."""
    asked = _asked(argv)
    missing = [path for path in (HARNESS / "run.py", *LETTERS) if not path.exists()]
    if missing:
        print(LEFT_OUT.format(missing[0]))
        return
    peers = asked.peer or list(_ALWAYS)
    python = asked.python or _environment(peers)
    print(f"load before: {_load()}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        quality, big = Path(folder, "quality.csv"), Path(folder, "big.csv")
        most = max(map(int, asked.stored.split(",")))
        with timed("corpora"):
            _corpus(python, quality, asked.records, asked.seed)
            _corpus(python, big, most + asked.arriving, asked.seed + 1)
        with timed("peers"):
            _peers(python, asked, peers, quality, big, Path(folder, "out"))
        with timed("stores"):
            _stores(asked, big)
    print(f"load after: {_load()}")


def _asked(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench dedupe", description=__doc__)
    parser.add_argument("--stored", default="10000", help="sizes of the store, with commas")
    parser.add_argument("--records", type=int, default=8000, help="messages of the quality corpus")
    parser.add_argument("--arriving", type=int, default=500, help="messages timed one by one")
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--budget", type=int, default=600, help="seconds a peer may take to fill")
    parser.add_argument("--peer", action="append", choices=sorted(PEERS))
    parser.add_argument("--python", help="interpreter that has the libraries of the peers")
    return parser.parse_args(argv)


def _environment(peers: Sequence[str]) -> str:
    """An interpreter that has the libraries of these peers, made if need be."""
    folder = ROOT / "var" / "bench-dedupe"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    packages = sorted({*_OURS.split(), *" ".join(PEERS[peer] for peer in peers).split()})
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
    return str(python)


def _corpus(python: str, path: Path, records: int, seed: int) -> None:
    bases = [part for letters in LETTERS for part in ("--base", str(letters))]
    sizes = ["--records", str(records), "--seed", str(seed), "--out", str(path)]
    _run([python, str(HARNESS / "make_corpus.py"), *bases, *sizes])


def _peers(
    python: str,
    asked: argparse.Namespace,
    peers: Sequence[str],
    quality: Path,
    big: Path,
    out: Path,
) -> None:
    named = [part for peer in ("ours", *peers) for part in ("--peer", peer)]
    _run([
        python, str(HARNESS / "run.py"), "--corpus", str(quality), "--big", str(big),
        "--mode", "all", "--sizes", asked.stored, "--budget", str(asked.budget), "--out", str(out),
        *named,
    ])  # fmt: skip


def _stores(asked: argparse.Namespace, big: Path) -> None:
    """Both stores of the product, on the messages that the peers were timed with."""
    for size in asked.stored.split(","):
        arguments = ["--corpus", str(big), "--stored", size, "--asked", str(asked.arriving)]
        _run([sys.executable, "-m", "bench.dedupe_store", *arguments])


def _run(command: Sequence[str]) -> None:
    """Run in a process of its own, with the adapter named and the libraries of ours on its path."""
    environment = os.environ | {
        "DEDUPE_OURS": str(ROOT / "bench" / "dedupe_adapter.py"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "dedupe")]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    subprocess.run(command, check=True, env=environment, cwd=ROOT)


def _load() -> str:
    return " ".join(f"{each:.1f}" for each in os.getloadavg())


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Say how long a part took."""
    begun = time.monotonic()
    yield
    print(f"== {name} ({time.monotonic() - begun:.0f} s)", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
