"""The floor: a bare Flask view that does one INSERT, on the same server and database."""

import os

from flask import Flask, request
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from psycopg_pool import ConnectionPool

from minsheng.faces.process import settled
from minsheng.runtime.settings import Settings


def make_app() -> Flask:
    app = Flask(__name__)
    url = os.environ["MINSHENG_DATABASE_OWNER_URL"].replace("+psycopg", "")
    pool = ConnectionPool(url, min_size=4, max_size=10, open=True)

    @app.post("/floor")
    def insert() -> tuple[str, int]:
        with pool.connection() as connection:
            connection.execute("insert into floor (said) values (%s)", (request.get_data(),))
        return "{}", 201

    return app


def main() -> None:
    settings = settled(Settings.from_environ())
    url = settings.text("MINSHENG_DATABASE_OWNER_URL")
    os.environ["MINSHENG_DATABASE_OWNER_URL"] = url
    with ConnectionPool(url.replace("+psycopg", ""), open=True) as pool, pool.connection() as link:
        link.execute(
            "create table if not exists floor"
            " (id bigint generated always as identity primary key, said bytea)"
        )
    Granian(
        "bench.floor:make_app",
        factory=True,
        address="127.0.0.1",
        port=settings.number("MINSHENG_PORT"),
        interface=Interfaces.WSGI,
        workers=settings.number("MINSHENG_WEB_WORKERS"),
        blocking_threads=8,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main()
