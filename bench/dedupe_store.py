"""What the matcher's stores cost: messages a second online, and room for a million messages.

    python -m bench.dedupe_store --corpus b100k.csv --stored 20000 --asked 500

The corpus is made by the shared bench's `make_corpus.py`. The first `--stored` messages are put
in, then `--asked` more arrive: each is matched and added by itself. Prints one line of JSON a
store; room is PostgreSQL's own count of tables with their indexes, and the growth of this process.
"""

import argparse
import csv
import itertools
import json
import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import psycopg

from bench.dedupe_records import bench_record
from minsheng.runtime.embedded import admin_url, start_servers
from minsheng_dedupe import Matcher, MemoryStore, PostgresStore, Record
from minsheng_dedupe.postgres import SCHEMA
from minsheng_dedupe.stores import Store

_BATCH = 200


def read_records(path: Path, count: int) -> list[Record]:
    """The first messages of a corpus, under ids that both stores can hold."""
    csv.field_size_limit(10**8)
    random = Random(1)
    with path.open(encoding="utf-8", newline="") as file:
        rows = itertools.islice(csv.DictReader(file), count)
        return [
            replace(bench_record(row), message_id=str(uuid.UUID(int=random.getrandbits(128))))
            for row in rows
        ]


def measure(name: str, store: Store, records: list[Record], stored: int) -> dict[str, object]:
    """Fill the store, then let the rest arrive one by one."""
    matcher, began = Matcher(None, store), time.perf_counter()
    for start in range(0, stored, _BATCH):
        matcher.arrive(records[start : start + _BATCH])
    filled, took = time.perf_counter() - began, []
    for record in records[stored:]:
        start_at = time.perf_counter()
        matcher.match(record)
        matcher.add(record)
        took.append(time.perf_counter() - start_at)
    took.sort()
    return {
        "store": name, "stored": stored, "batched_per_s": round(stored / filled, 1),
        "online_per_s": round(len(took) / sum(took), 1),
        "p50_ms": round(1e3 * took[len(took) // 2], 2),
        "p99_ms": round(1e3 * took[int(len(took) * 0.99)], 2),
    }  # fmt: skip


@contextmanager
def database() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection to a throw-away server that holds the table."""
    base = Path("/var/lib/minsheng-bench") if os.geteuid() == 0 else Path(tempfile.gettempdir())
    base.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="home-", dir=base) as folder:
        Path(folder).chmod(0o755)
        with start_servers(Path(folder), lambda _line: None, fast=True):
            url = admin_url(Path(folder), "postgres").replace("+psycopg", "")
            with psycopg.connect(url) as connection:
                for statement in SCHEMA:
                    connection.execute(statement.encode())
                yield connection


def disk_bytes(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    """The table with its indexes."""
    query = "select pg_total_relation_size('match_codes')"
    row = connection.execute(query).fetchone()
    return int(str(row[0])) if row else 0


def resident_bytes() -> int:
    """Memory of this process."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure both stores on one corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, type=Path)
    parser.add_argument("--stored", type=int, default=20_000)
    parser.add_argument("--asked", type=int, default=500)
    asked = parser.parse_args()
    records = read_records(asked.corpus, asked.stored + asked.asked)
    with database() as connection:
        told = measure("PostgresStore", PostgresStore(connection), records, asked.stored)
        told["gb_per_million"] = round(disk_bytes(connection) / len(records) / 1e3, 2)
        print(json.dumps(told), flush=True)
    before = resident_bytes()
    told = measure("MemoryStore", MemoryStore(), records, asked.stored)
    told["gb_per_million"] = round((resident_bytes() - before) / len(records) / 1e3, 2)
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
