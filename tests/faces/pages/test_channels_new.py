"""Adding a channel: the form is the plugin's own schema, tried live before it is kept."""

from collections.abc import Iterator
from typing import Any

import pytest

from minsheng_mailbox.loopback import MailLoopback

SECRET = "geheim-4711-geheim"


@pytest.fixture
def mail() -> Iterator[MailLoopback]:
    """A mail server on this machine."""
    server = MailLoopback()
    server.start()
    yield server
    server.stop()


def _form(mail: MailLoopback, **change: str) -> dict[str, str]:
    form = {f"set-{name}": str(value) for name, value in mail.settings.items()}
    return {"plugin": "mailbox", "code": "letters", "name": "县长信箱"} | form | change


def test_the_form_asks_for_every_setting_of_the_plugin(desk: Any, mail: MailLoopback) -> None:
    desk.log_in("system_admin")
    page = desk.http.get("/channels/new?plugin=mailbox").text
    for name in mail.settings:
        assert f'name="set-{name}"' in page
    assert 'name="set-password" type="password" value=""' in page


def test_a_live_check_says_what_the_source_answers(desk: Any, mail: MailLoopback) -> None:
    desk.log_in("system_admin")
    good = desk.send("/channels/check", of="/channels/new", **_form(mail))
    assert "连得上" in good.text
    wrong = _form(mail, **{"set-password": SECRET})
    bad = desk.send("/channels/check", of="/channels/new", **wrong)
    assert "连不上" in bad.text
    assert SECRET not in bad.text


def test_a_channel_is_added_and_one_that_cannot_work_is_not(desk: Any, mail: MailLoopback) -> None:
    desk.log_in("system_admin")
    bad = desk.send("/channels/new", of="/channels/new", **_form(mail, **{"set-port": "x"}))
    assert bad.status_code == 422
    assert "没有填，或填得不对" in bad.text
    assert str(mail.settings["password"]) not in bad.text
    done = desk.send("/channels/new", of="/channels/new", **_form(mail))
    assert done.location == "/channels?done=channel_added"
    assert "县长信箱" in desk.http.get("/channels").text
    twice = desk.send("/channels/new", of="/channels/new", **_form(mail))
    assert twice.status_code == 422
    desk.http = desk.app.test_client()
    desk.log_in("liaison")
    assert desk.http.get("/channels/new").status_code == 403


def test_the_styleguide_draws_each_component_for_whoever_is_logged_in(desk: Any) -> None:
    assert desk.http.get("/styleguide").status_code == 303
    desk.log_in("audit_admin")
    page = desk.http.get("/styleguide").text
    for part in ("reason-veto", "chip-danger", "badge-phone", "path-now", "own-fact", "clash"):
        assert part in page
