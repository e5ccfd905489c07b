"""``minsheng providers``: by which providers the people of an office come in."""

from typing import Any

SECRET = "geheim-4711"


def add(county: str, code: str = "sheng", **changed: str) -> tuple[str, ...]:
    said = {"name": "省统一认证", "issuer": "https://id.example.gov.cn", "client-id": "minsheng",
            "client-secret": SECRET, **changed}  # fmt: skip
    options = [part for name, value in said.items() for part in (f"--{name}", value)]
    return ("providers", "add", "--office", county, "--code", code, *options)


def person(shell: Any, county: str, username: str, role: str) -> None:
    names = ("--username", username, "--name", "李明", "--role", role, "--password", f"{SECRET}-9")
    assert shell("users", "create", "--office", county, *names).exit_code == 0


def test_a_provider_is_added_listed_and_switched_off(shell: Any, county: str) -> None:
    made = shell.json(*add(county))
    assert made["return_path"] == f"/login/return/{county}/sheng"
    assert SECRET not in str(made)
    (listed,) = shell.json("providers", "list", "--office", county)
    assert (listed["code"], listed["state"], listed["identities"]) == ("sheng", "active", 0)
    assert shell.json("providers", "off", "sheng", "--office", county)["state"] == "off"
    assert "exists already" in shell.refused(*add(county))
    assert "no such login provider" in shell.refused("providers", "off", "x", "--office", county)


def test_an_issuer_that_is_no_https_address_is_refused(shell: Any, county: str) -> None:
    assert "https" in shell.refused(*add(county, issuer="http://id.example.gov.cn"))
    assert shell.json("providers", "list", "--office", county) == []


def test_a_client_secret_is_asked_for_on_standard_error(shell: Any, county: str) -> None:
    asked = [part for part in add(county) if part not in ("--client-secret", SECRET)]
    done = shell(*asked, "--json", given=f"{SECRET}\n")
    assert done.exit_code == 0
    assert SECRET not in done.output
    assert done.stdout.startswith("{")


def test_the_operator_links_any_account_an_administrators_too(shell: Any, county: str) -> None:
    shell.json(*add(county))
    for username, role in (("clerk", "liaison"), ("boss", "security_admin")):
        person(shell, county, username, role)
        linked = ("--username", username, "--subject", f"{username}@sheng")
        shell.json("providers", "link", "sheng", "--office", county, *linked)
    (listed,) = shell.json("providers", "list", "--office", county)
    assert listed["identities"] == 2
    again = ("--username", "clerk", "--subject", "boss@sheng")
    assert "linked to an account" in shell.refused(
        "providers", "link", "sheng", "--office", county, *again
    )
    nobody = ("--username", "nobody", "--subject", "x")
    assert "no such account" in shell.refused(
        "providers", "link", "sheng", "--office", county, *nobody
    )
