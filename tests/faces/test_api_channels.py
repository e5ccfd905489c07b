"""``/channels``: added, listed, checked, pulled and paused, never with their secrets."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from minsheng.faces.process import Process, make_runner
from minsheng.intake.host import PluginRegistry
from minsheng_sdk import Loopback

PUSHED = {"code": "web", "plugin": "mailbox", "name": "网页", "pushed": True}


@pytest.fixture
def source() -> Iterator[Loopback]:
    """The hotline's own server on loopback."""
    server = PluginRegistry.load().get("hotline_12345").loopback()
    server.start(0)
    yield server
    server.stop()


@pytest.fixture
def pulled(source: Loopback) -> dict[str, Any]:
    """A channel that pulls from the source."""
    settings = dict(source.settings)
    return {"code": "hotline", "plugin": "hotline_12345", "name": "热线", "settings": settings}


def listed(api: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.get("/channels").json["items"]
    return items


def test_a_pushed_channel_is_added_and_listed(api: Any) -> None:
    made = api.post("/channels", PUSHED)
    assert made.status_code == 201
    shown = {"code": "web", "plugin": "mailbox", "name": "网页", "state": "pushed", "runs": []}
    assert made.json == shown
    assert listed(api) == [shown]


def test_no_answer_holds_a_setting(api: Any, pulled: dict[str, Any]) -> None:
    told = api.post("/channels", pulled).text + api.get("/channels").text
    assert "settings" not in told
    for value in pulled["settings"].values():
        assert str(value) not in told or str(value) in ("", "true", "True")


@pytest.mark.parametrize(
    ("changed", "status", "slug", "field"),
    [
        ({"code": "UPPER"}, 422, "invalid", "code"),
        ({"code": ""}, 422, "invalid", "code"),
        ({"code": "c" * 41}, 422, "invalid", "code"),
        ({"name": " "}, 422, "invalid", "name"),
        ({"plugin": "fax"}, 422, "plugin-missing", None),
        ({"pushed": False, "plugin": "hotline_12345"}, 422, "invalid", ""),
        ({"pushed": False, "settings": {"colour": "red"}}, 422, "invalid", "colour"),
        ({"settings": []}, 422, "invalid", "settings"),
        ({"colour": "red"}, 422, "invalid", "colour"),
    ],
)
def test_a_channel_that_cannot_work_is_refused_and_not_added(
    api: Any, changed: dict[str, Any], status: int, slug: str, field: str | None
) -> None:
    answer = api.post("/channels", PUSHED | changed)
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{slug}")
    if field is not None:
        assert field in answer.json["errors"][0]["field"]
    assert listed(api) == []


def test_a_code_is_given_once_in_an_office_and_again_in_another(
    api: Any, api_of: Callable[..., Any], office: Callable[..., int]
) -> None:
    assert api.post("/channels", PUSHED).status_code == 201
    assert api.post("/channels", PUSHED).status_code == 409
    assert api_of(office()).post("/channels", PUSHED).status_code == 201
    assert len(listed(api)) == 1


def test_a_live_check_tells_its_steps_in_both_languages(api: Any, pulled: dict[str, Any]) -> None:
    api.post("/channels", pulled)
    said = api.post("/channels/hotline/check")
    assert said.status_code == 200
    assert said.json["ok"] is True
    assert len(said.json["lines_zh"]) == len(said.json["lines_en"]) > 0


def test_a_check_of_a_source_that_is_away_is_no_error_of_ours(
    api: Any, pulled: dict[str, Any], source: Loopback
) -> None:
    api.post("/channels", pulled)
    source.stop()
    said = api.post("/channels/hotline/check")
    assert (said.status_code, said.json["ok"]) == (200, False)
    assert "127.0.0.1" in said.json["lines_en"][-1]


def test_a_channel_is_pulled_and_its_run_is_listed(
    api: Any, pulled: dict[str, Any], process: Process
) -> None:
    api.post("/channels", pulled)
    asked = api.post("/channels/hotline/pull")
    assert (asked.status_code, asked.json["state"]) == (202, "active")
    make_runner(process).answer(api.tenant_id, "pull")
    (run,) = listed(api)[0]["runs"]
    assert (run["outcome"], run["trouble"]) == ("ok", "")
    assert run["finished_at"] is not None


def test_a_paused_channel_is_not_pulled_until_it_is_resumed(
    api: Any, pulled: dict[str, Any]
) -> None:
    api.post("/channels", pulled)
    assert api.post("/channels/hotline/pause").json["state"] == "paused"
    refused = api.post("/channels/hotline/pull")
    assert refused.status_code == 422
    assert "only an active channel" in refused.json["detail"]
    assert api.post("/channels/hotline/resume").json["state"] == "active"
    assert api.post("/channels/hotline/pull").status_code == 202


@pytest.mark.parametrize("verb", ["pull", "pause", "resume"])
def test_a_pushed_channel_has_nothing_to_pull_or_pause(api: Any, verb: str) -> None:
    api.post("/channels", PUSHED)
    assert api.post(f"/channels/web/{verb}").status_code == 422
    assert listed(api)[0]["state"] == "pushed"


@pytest.mark.parametrize("verb", ["check", "pull", "pause", "resume"])
def test_a_channel_that_is_not_there_is_not_found(api: Any, verb: str) -> None:
    answer = api.post(f"/channels/absent/{verb}")
    assert (answer.status_code, answer.json["type"]) == (404, "/problems/not-found")


def test_a_token_that_reads_may_not_write(api_of: Callable[..., Any], api: Any) -> None:
    reader = api_of(api.tenant_id, ("channels:read",))
    assert reader.get("/channels").status_code == 200
    assert reader.post("/channels", PUSHED).status_code == 403
    assert api_of(api.tenant_id, ("cases:read",)).get("/channels").status_code == 403
