"""Logging in by a provider: who comes in, who does not, and what is asked of the provider."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from minsheng.accounts.errors import AccountInvalid
from minsheng.accounts.providers import link_identity
from minsheng.accounts.service import turn_off_user
from minsheng.audit import SYSTEM


def come_in(office: Any, stand_in: Any, answer_with: Any, **claims: Any) -> Any:
    """The whole way with a sound token; the answer to the return."""
    trip = office.depart(claims.pop("provider", "sheng"))
    answer_with(stand_in, stand_in.signed(trip.claims(**claims)))
    return trip.come_back()


def test_a_linked_person_comes_in_and_goes_on_where_they_wanted_to(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    trip = county.depart(next="/queue?view=review")
    answer_with(stand_in, stand_in.signed(trip.claims()))
    answer = trip.come_back()
    assert (answer.status_code, answer.location) == (303, "/queue?view=review")
    assert county.is_in()
    assert county.audit() == ["ok: sheng"]
    assert county.rows("select id from login_flows") == []


def test_the_provider_is_asked_for_a_code_with_pkce_state_and_nonce(
    county: Any, stand_in: Any, answer_with: Any, basic: Any, challenge_of: Any
) -> None:
    trip = county.depart()
    asked = trip.asked
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid profile"
    assert asked["redirect_uri"] == f"http://localhost/login/return/{county.code}/sheng"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    answer_with(stand_in, stand_in.signed(trip.claims()))
    trip.come_back()
    _path, headers, form = stand_in.asked[-2]
    assert _path == "/token"
    assert basic(headers) == ("min sheng", "geheim+4711%/x")
    assert form["redirect_uri"] == asked["redirect_uri"]
    assert (form["grant_type"], form["code"]) == ("authorization_code", "c0de")
    assert challenge_of(form["code_verifier"]) == asked["code_challenge"]
    assert len(form["code_verifier"]) >= 43


def test_nothing_of_a_login_under_way_can_be_read_from_its_row(county: Any) -> None:
    trip = county.depart()
    (row,) = county.rows("select *, login_flows::text as all_of_it from login_flows")
    cookie = county.http.get_cookie("minsheng_flow").value
    assert trip.asked["state"] not in row.all_of_it
    assert cookie not in row.all_of_it
    assert trip.asked["code_challenge"].encode() not in bytes(row.verifier)


def test_a_person_not_linked_stays_out_and_is_told_a_code_not_the_subject(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    for _ in range(2):
        answer = come_in(county, stand_in, answer_with, sub="zhang-san@sheng.example")
        assert answer.status_code == 403
    assert not county.is_in()
    (code,) = re.findall(r">([A-Z2-7]{4}-[A-Z2-7]{4})<", answer.text)
    assert "zhang-san" not in answer.text
    assert "管理员" in answer.text
    assert county.audit() == [f"refused: unknown identity {code}"] * 2
    (kept,) = county.rows("select subject, code, tries from unknown_identities")
    assert tuple(kept) == ("zhang-san@sheng.example", code, 2)


def test_the_same_subject_at_two_providers_is_two_users(
    county: Any, stand_in: Any, new_stand_in: Any, answer_with: Any
) -> None:
    second = new_stand_in()
    county.add_provider(second, "shi")
    answer = come_in(county, second, answer_with, provider="shi")
    assert answer.status_code == 403
    county.link(county.add_user("wang.wu"), "li-si", "shi")
    assert come_in(county, second, answer_with, provider="shi").status_code == 303
    assert "wang.wu" in str(county.rows(
        "select u.username from login_sessions s join users u on u.id = s.user_id"
    ))  # fmt: skip
    assert come_in(county, stand_in, answer_with).status_code == 303
    names = county.rows("select u.username from login_sessions s join users u on u.id = s.user_id")
    assert [row.username for row in names] == ["li.si"]


def test_a_subject_linked_in_one_office_opens_nothing_in_another(
    county: Any, stand_in: Any, new_office: Any, answer_with: Any
) -> None:
    other = new_office()
    other.add_provider(stand_in)
    assert come_in(other, stand_in, answer_with).status_code == 403
    assert come_in(county, stand_in, answer_with).status_code == 303


def test_who_is_off_or_whose_account_ran_out_stays_out(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    late = county.add_user("late")
    county.link(late, "late")
    with county.tools.database.session(county.tenant_id) as session:
        session.execute(
            text("update users set expires_at = :at where username = 'late'"),
            {"at": county.tools.clock.now() + timedelta(minutes=1)},
        )
    assert come_in(county, stand_in, answer_with, sub="late").status_code == 303
    county.tools.clock.move(timedelta(minutes=1))
    assert come_in(county, stand_in, answer_with, sub="late").status_code == 403
    gone = county.add_user("gone")
    county.link(gone, "gone")
    with county.tools.database.session(county.tenant_id) as session:
        turn_off_user(session, county.tools, SYSTEM, gone.id)
    assert come_in(county, stand_in, answer_with, sub="gone").status_code == 403
    assert county.audit()[-2:] == ["refused: expired", "refused: off"]
    assert come_in(county, stand_in, answer_with).status_code == 303


def test_an_office_that_is_suspended_lets_nobody_in(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    trip = county.depart()
    answer_with(stand_in, stand_in.signed(trip.claims()))
    with county.tools.database.owner_session() as session:
        session.execute(
            text("update tenants set status = 'suspended' where id = :id"),
            {"id": county.tenant_id},
        )
    assert trip.come_back().status_code == 403
    assert county.http.get(f"/login/with/{county.code}/sheng").status_code == 404


def test_an_administrators_account_opens_only_when_the_operator_linked_it(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    boss = county.add_user("boss")
    county.link(boss, "boss")
    with county.tools.database.operator_session(county.tenant_id) as session:
        session.execute(text("update users set roles = '{security_admin}' where username = 'boss'"))
    assert come_in(county, stand_in, answer_with, sub="boss").status_code == 403
    assert county.audit() == ["refused: administrator not linked by the operator"]
    county.link_as_operator(boss, "boss-2")
    assert come_in(county, stand_in, answer_with, sub="boss-2").status_code == 303


def test_nobody_but_the_operator_links_as_the_operator_or_links_an_administrator(
    county: Any,
) -> None:
    boss, clerk = county.add_user("boss", "audit_admin"), county.add_user("clerk")
    with pytest.raises(AccountInvalid):
        county.link(boss, "boss")
    provider_id = county.provider_id()
    with (
        county.tools.database.session(county.tenant_id) as session,
        pytest.raises(ProgrammingError, match="only the operator"),
    ):
        link_identity(
            session, county.tools, SYSTEM, clerk.id, provider_id, "clerk", by_operator=True
        )
    with pytest.raises(ProgrammingError, match="only the operator"):
        county.rows("update user_identities set by_operator = true returning id")


@pytest.mark.parametrize("said", ["access_denied", "<b>none</b>"])
def test_what_the_provider_refuses_is_said_in_our_words(
    county: Any, stand_in: Any, said: str
) -> None:
    answer = county.depart().come_back(error=said, code=None, error_description="<b>x</b>")
    assert answer.status_code == 403
    assert "没有放行" in answer.text
    assert "<b>" not in answer.text
    assert f"/login?office={county.code}" in answer.text
    word = said if said == "access_denied" else "no"
    assert county.audit() == [f"refused: provider said {word}"]
    assert stand_in.count("/token") == 0


def test_a_login_ends_the_session_that_the_browser_held_before(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    come_in(county, stand_in, answer_with)
    first = county.http.get_cookie("minsheng").value
    come_in(county, stand_in, answer_with)
    assert county.http.get_cookie("minsheng").value != first
    assert county.http.get_cookie("minsheng_flow") is None
    assert len(county.rows("select id from login_sessions")) == 1


def test_the_secret_of_a_public_client_and_of_one_that_posts_it_go_their_own_ways(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    county.add_provider(stand_in, "public", client_secret="")
    trip = county.depart("public")
    answer_with(stand_in, stand_in.signed(trip.claims()))
    trip.come_back()
    _path, headers, form = next(a for a in stand_in.asked if a[0] == "/token")
    assert "Authorization" not in headers
    assert (form["client_id"], "client_secret" in form) == ("min sheng", False)

    stand_in.asked.clear()
    stand_in.publish(token_endpoint_auth_methods_supported=["client_secret_post"])
    county.tools.clock.move(timedelta(hours=1))
    come_in(county, stand_in, answer_with)
    _path, headers, form = next(a for a in stand_in.asked if a[0] == "/token")
    assert "Authorization" not in headers
    assert form["client_secret"] == "geheim+4711%/x"


def test_over_tls_the_flows_cookie_is_bound_to_the_host(county: Any) -> None:
    county.app.config["SESSION_COOKIE_SECURE"] = True
    https = {"base_url": "https://desk.example"}
    answer = county.browser().get(f"/login/with/{county.code}/sheng", **https)
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-minsheng_flow=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "redirect_uri=https%3A%2F%2Fdesk.example%2Flogin%2Freturn%2F" in answer.location
