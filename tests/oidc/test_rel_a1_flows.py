"""Attacks on the way to a provider and back: accepted none."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text


def sound(trip: Any, stand_in: Any, answer_with: Any, **claims: Any) -> Any:
    """Have the provider answer rightly for a trip."""
    answer_with(stand_in, stand_in.signed(trip.claims(**claims)))
    return trip


def refused(answer: Any) -> bool:
    return answer.status_code == 403 and "这次登录没有通过" in answer.text


def test_rel_a1_the_state_of_another_browser_is_refused_and_its_owner_still_comes_in(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    trip, thief = county.depart(), county.browser()
    county.depart(http=thief)
    sound(trip, stand_in, answer_with)
    assert refused(trip.come_back(http=thief))
    assert refused(trip.come_back(http=county.browser()))
    assert not county.is_in(thief)
    assert stand_in.count("/token") == 0
    assert trip.come_back().status_code == 303
    assert county.is_in()


def test_rel_a1_a_victim_is_not_logged_in_as_the_attacker_by_a_link(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    attackers = sound(county.depart(), stand_in, answer_with)
    victim = county.browser()
    assert refused(attackers.come_back(http=victim))
    assert victim.get_cookie("minsheng") is None


@pytest.mark.parametrize("state", ["", "x" * 43, None, "\0", "x" * 100_000, "%00"])
def test_rel_a1_a_state_that_nobody_began_is_refused(
    county: Any, stand_in: Any, state: str | None
) -> None:
    trip = county.depart()
    assert trip.come_back(state=state).status_code in (400, 403)
    assert stand_in.count("/token") == 0
    assert not county.is_in()


def test_rel_a1_a_return_is_taken_once_be_it_accepted_or_not(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    trip = sound(county.depart(), stand_in, answer_with)
    flow = county.http.get_cookie("minsheng_flow").value
    assert trip.come_back().status_code == 303
    again = county.browser()
    again.set_cookie("minsheng_flow", flow)
    assert refused(trip.come_back(http=again))
    assert stand_in.count("/token") == 1
    assert not county.is_in(again)

    trip = county.depart()
    answer_with(stand_in, stand_in.signed(trip.claims(nonce="another")))
    flow = county.http.get_cookie("minsheng_flow").value
    assert refused(trip.come_back())
    county.http.set_cookie("minsheng_flow", flow)
    sound(trip, stand_in, answer_with)
    assert refused(trip.come_back())
    assert stand_in.count("/token") == 2


def test_rel_a1_a_token_of_an_earlier_login_is_not_taken_for_a_later_one(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    first = sound(county.depart(), stand_in, answer_with)
    assert first.come_back().status_code == 303
    late = county.browser()
    assert refused(county.depart(http=late).come_back())
    assert county.audit()[-1] == "refused: token: nonce"


def test_rel_a1_a_login_that_takes_more_than_ten_minutes_is_refused(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    trip = county.depart()
    county.tools.clock.move(timedelta(minutes=10) - timedelta(seconds=1))
    assert sound(trip, stand_in, answer_with).come_back().status_code == 303
    late = county.depart(http=county.browser())
    county.tools.clock.move(timedelta(minutes=10))
    assert refused(sound(late, stand_in, answer_with).come_back())
    assert len(county.rows("select id from login_flows")) == 1
    county.depart(http=county.browser())
    assert len(county.rows("select id from login_flows")) == 1


def test_rel_a1_the_answer_of_one_provider_is_not_taken_for_anothers(
    county: Any, stand_in: Any, new_stand_in: Any, answer_with: Any
) -> None:
    evil = new_stand_in()
    county.add_provider(evil, "evil")
    trip = sound(county.depart(), stand_in, answer_with)
    answer_with(evil, stand_in.signed(trip.claims()))
    trip.provider = "evil"
    assert refused(trip.come_back())
    assert evil.count("/token") == stand_in.count("/token") == 0
    assert county.audit() == ["refused: another provider"]

    # A token of the honest provider, handed on by the evil one.
    trip = county.depart("evil")
    answer_with(evil, stand_in.signed(trip.claims(iss=stand_in.url)))
    assert refused(trip.come_back())
    assert not county.is_in()


def test_rel_a1_an_issuer_in_the_answer_is_compared(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    for said in ("https://evil.example", "", f"{stand_in.url}/"):
        trip = sound(county.depart(), stand_in, answer_with)
        assert refused(trip.come_back(iss=said)), said
    assert stand_in.count("/token") == 0
    trip = sound(county.depart(), stand_in, answer_with)
    assert trip.come_back(iss=stand_in.url).status_code == 303


def test_rel_a1_a_provider_that_promises_to_name_itself_has_to(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    stand_in.publish(authorization_response_iss_parameter_supported=True)
    trip = sound(county.depart(), stand_in, answer_with)
    assert refused(trip.come_back())
    trip = sound(county.depart(), stand_in, answer_with)
    assert trip.come_back(iss=stand_in.url).status_code == 303


@pytest.mark.parametrize(
    "wish",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "",
        "/\n/x",
    ],
)
def test_rel_a1_no_login_ends_at_another_host(
    county: Any, stand_in: Any, answer_with: Any, wish: str
) -> None:
    trip = sound(county.depart(next=wish), stand_in, answer_with)
    assert trip.come_back(next="https://evil.example").location == "/"


def test_rel_a1_a_path_changed_in_the_table_leads_nowhere_else(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    trip = sound(county.depart(), stand_in, answer_with)
    with county.tools.database.session(county.tenant_id) as session:
        session.execute(text("update login_flows set next_path = 'https://evil.example'"))
    assert trip.come_back().location == "/"


def test_rel_a1_a_verifier_moved_to_another_row_does_not_open(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    county.depart()
    trip = sound(county.depart(http=county.browser()), stand_in, answer_with)
    with county.tools.database.session(county.tenant_id) as session:
        session.execute(text(
            "update login_flows f set verifier = (select verifier from login_flows o"
            " where o.id <> f.id limit 1)"
        ))  # fmt: skip
    assert trip.come_back().status_code == 500
    assert stand_in.count("/token") == 0


def test_rel_a1_a_provider_that_was_switched_off_lets_nobody_in(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    trip = sound(county.depart(), stand_in, answer_with)
    with county.tools.database.session(county.tenant_id) as session:
        session.execute(text("update login_providers set state = 'off'"))
    assert refused(trip.come_back())
    assert county.http.get(f"/login/with/{county.code}/sheng").status_code == 404
    assert stand_in.count("/token") == 0


@pytest.mark.parametrize("code", ["", None, "x" * 2049])
def test_rel_a1_without_a_code_nothing_is_asked(
    county: Any, stand_in: Any, answer_with: Any, code: str | None
) -> None:
    assert refused(sound(county.depart(), stand_in, answer_with).come_back(code=code))
    assert stand_in.count("/token") == 0


def test_rel_a1_a_code_that_the_provider_does_not_take_is_refused(
    county: Any, stand_in: Any
) -> None:
    stand_in.say("/token", {"error": "invalid_grant", "error_description": "<b>used</b>"}, 400)
    answer = county.depart().come_back()
    assert refused(answer)
    assert "<b>" not in answer.text


def test_rel_a1_an_unknown_office_and_provider_answer_alike_on_the_way_out(county: Any) -> None:
    pages = {
        county.http.get(path).text.replace(quote(name), "X")
        for path, name in (
            (f"/login/with/{county.code}/none", county.code),
            ("/login/with/999999/sheng", "999999"),
        )
    }
    assert len(pages) == 1


Fault = Callable[[Any], None]
BREAKS: dict[str, Fault] = {
    "status 500": lambda s: s.say("/token", {}, 500),
    "no JSON": lambda s: s.said.update({"/token": (200, {}, b"<html>")}),
    "a list": lambda s: s.say("/token", []),
    "a number": lambda s: s.say("/token", 5),
    "brackets": lambda s: s.said.update({"/token": (200, {}, b"[" * 100_000)}),
    "a sound answer, and blanks up to 300 KB": lambda s: s.said.update(
        {"/token": (200, {}, s.said["/token"][2] + b" " * 300_000)}
    ),
    "1 MB": lambda s: s.said.update({"/token": (200, {}, b" " * 1_000_000)}),
    "a redirect": lambda s: s.said.update({"/token": (307, {"Location": f"{s.url}/else"}, b"")}),
    "a zip bomb": lambda s: s.said.update(
        {"/token": (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(20_000_000), 1))}
    ),
    "a broken zip": lambda s: s.said.update(
        {"/token": (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b" + b"x" * 100)}
    ),
    "keys away": lambda s: s.say("/jwks", {}, 404),
    "keys that are none": lambda s: s.say("/jwks", {"keys": "x"}),
    "keys by a redirect": lambda s: s.said.update(
        {"/jwks": (302, {"Location": f"{s.url}/else"}, b"")}
    ),
}


@pytest.mark.parametrize("fault", BREAKS)
def test_rel_a1_a_provider_that_breaks_lets_nobody_in_and_is_not_followed(
    county: Any, stand_in: Any, answer_with: Any, fault: str
) -> None:
    trip = sound(county.depart(), stand_in, answer_with)
    BREAKS[fault](stand_in)
    answer = trip.come_back()
    assert (answer.status_code, "暂时用不了" in answer.text) == (503, True)
    assert not county.is_in()
    assert stand_in.count("/else") == 0
    assert county.audit()[0].startswith("refused: ")


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"authorization_endpoint": "http://evil.example/auth"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://a@evil.example/auth"},
        {"token_endpoint": "http://evil.example/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": "https://evil.example:x/"},
        {"jwks_uri": "http://10.0.0.1/jwks"},
        {"jwks_uri": 5},
        {"jwks_uri": None},
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
    ],
    ids=str,
)
def test_rel_a1_a_discovery_document_that_is_not_in_order_is_not_used(
    county: Any, stand_in: Any, changed: dict[str, Any]
) -> None:
    stand_in.publish(**changed)
    answer = county.http.get(f"/login/with/{county.code}/sheng")
    assert answer.status_code == 503
    assert county.rows("select id from login_flows") == []
    stand_in.publish()
    assert county.http.get(f"/login/with/{county.code}/sheng").status_code == 303


def test_rel_a1_an_unknown_key_makes_for_one_look_in_half_a_minute(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    assert sound(county.depart(), stand_in, answer_with).come_back().status_code == 303
    assert stand_in.count("/jwks") == 1
    for _ in range(3):
        trip = county.depart()
        answer_with(stand_in, stand_in.signed(trip.claims(), kid="made-up"))
        assert refused(trip.come_back())
    assert stand_in.count("/jwks") == 1
    county.tools.clock.move(timedelta(seconds=30))
    for _ in range(3):
        trip = county.depart()
        answer_with(stand_in, stand_in.signed(trip.claims(), kid="made-up"))
        assert refused(trip.come_back())
    assert stand_in.count("/jwks") == 2
    assert stand_in.count("/.well-known/openid-configuration") == 1


def test_a_provider_may_change_its_keys(county: Any, stand_in: Any, answer_with: Any) -> None:
    assert sound(county.depart(), stand_in, answer_with).come_back().status_code == 303
    stand_in.keys["RS256"] = stand_in.keys["RS256"].import_key(
        stand_in.keys["spare"].as_dict(private=True) | {"kid": "new"}
    )
    stand_in.publish()
    county.tools.clock.move(timedelta(seconds=30))
    assert sound(county.depart(), stand_in, answer_with).come_back().status_code == 303
    assert county.audit() == ["ok: sheng", "ok: sheng"]
