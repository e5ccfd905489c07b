"""Pairs of questions that an outsider may ask: about what exists in another office, and nowhere.

Each asker takes a value and gives the answer; the values of a pair have one form, so that their
length gives nothing away by itself.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from offices_apart.operations import LIFT
from offices_apart.world import Office, Person, nowhere
from werkzeug.test import TestResponse

Ask = Callable[[str], TestResponse]


@dataclass(frozen=True)
class Question:
    """How to ask, and which values exist in the other office."""

    ask: Ask
    there: Iterator[str]


def stranger_form(http: FlaskClient, path: str) -> str:
    """The form token of somebody who is not logged in."""
    page = http.get(path).get_data(as_text=True)
    return page.split('name="csrf_token" value="')[1].split('"')[0]


class Asker:
    """An outsider: somebody of one office, and somebody of none, each at a new address a time."""

    def __init__(self, app: Flask, api: Any, person: Person, own_code: str, channel: str) -> None:
        self.api, self.own_code, self.channel = api, own_code, channel
        self.csrf, self.browser = person.csrf, person.browser(app)
        self.nobody = app.test_client()
        self.token = stranger_form(self.nobody, "/login")
        self.addresses = (f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(1, 1 << 24))

    def log_in(self, office: str, username: str) -> TestResponse:
        form = {"office": office, "username": username, "password": "geraten-4711-lang"}
        return self.nobody.post(
            "/login", data=form | {"csrf_token": self.token, "next": "/"},
            environ_overrides={"REMOTE_ADDR": next(self.addresses)},
        )  # fmt: skip

    def fetch_token(self, client_id: str) -> TestResponse:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": "x"}
        return self.nobody.post(
            "/oauth/token", data=form, environ_overrides={"REMOTE_ADDR": next(self.addresses)}
        )

    def depart(self, office: str, provider: str) -> TestResponse:
        return self.nobody.get(f"/login/with/{office}/{provider}")

    def form(self, path: str, **fields: str) -> TestResponse:
        return self.browser.post(path, data=fields | {"csrf_token": self.csrf})

    def post(self, external_id: str) -> TestResponse:
        answer: TestResponse = self.api.post(
            "/messages",
            {"channel": self.channel, "external_id": external_id, "body": LIFT,
             "received_at": "2026-11-19T09:00:00+08:00"},
        )  # fmt: skip
        return answer

    def add_channel(self, code: str) -> TestResponse:
        new = {"code": code, "plugin": "mailbox", "name": "信", "pushed": True}
        answer: TestResponse = self.api.post("/channels", new)
        return answer


def questions(
    asker: Asker, mine: Office, other: Office, there: Mapping[str, Callable[[], str]]
) -> dict[str, Question]:
    """Every kind of question; ``there`` makes a value that exists in the other office."""
    api, case = asker.api, mine.ids["case"]
    asks: dict[str, tuple[Ask, str]] = {
        "external id": (asker.post, "external_id"),
        "case number": (lambda v: api.get(f"/cases/{v}"), "case"),
        "case number in search": (lambda v: api.get("/cases", q=v), "case"),
        "case number on a page": (lambda v: asker.browser.get(f"/cases/{v}"), "case"),
        "telephone": (lambda v: api.get("/cases", q=v), "phone"),
        "words": (lambda v: asker.browser.get("/queue", query_string={"q": v}), "mark"),
        "channel code to post to": (
            lambda v: api.post("/messages/batch", {"messages": [{"channel": v}]}), "channel"),
        "channel code to add": (asker.add_channel, "new channel"),
        "channel code on a page": (
            lambda v: asker.browser.get("/queue", query_string={"channel": v}), "channel"),
        "finding": (
            lambda v: api.post(f"/findings/{v}/answer", {"outcome": "related"}), "finding"),
        "message": (
            lambda v: api.post(f"/cases/{case}/split", {"messages": [v]}), "message"),
        "quarantine": (lambda v: asker.browser.get(f"/quarantine/{v}"), "aside"),
        "user name at the own door": (lambda v: asker.log_in(asker.own_code, v), "username"),
        "office code at the door": (lambda v: asker.log_in(v, "nobody-here"), "tenant"),
        "user name at the other door": (
            lambda v: asker.log_in(other.ids["tenant"], v), "username"),
        "client": (asker.fetch_token, "client"),
        "provider at the own door": (lambda v: asker.depart(asker.own_code, v), "provider"),
        "office at a provider's door": (lambda v: asker.depart(v, "nowhere"), "tenant"),
    }  # fmt: skip
    return {name: Question(ask, _values(there[kind])) for name, (ask, kind) in asks.items()}


def _values(make: Callable[[], str]) -> Iterator[str]:
    while True:
        yield make()


def absent_like(kind: str, value: str) -> str:
    """A value of the same form that is nowhere."""
    if kind == "words":
        return value[:-4] + uuid.uuid4().hex[:4].translate(
            str.maketrans("0123456789", "ghijklmnop")
        )
    if kind == "telephone":
        return f"{value[:3]}{uuid.uuid4().int % 10**8:08d}"
    if kind == "external id":
        return uuid.uuid4().hex
    return nowhere(value)
