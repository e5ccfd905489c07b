"""The buttons on the login page: by which providers the people of an office come in."""

from flask import url_for

from minsheng.accounts.providers import open_providers
from minsheng.accounts.service import find_tenant_for_login
from minsheng.faces.web.desk import tools
from minsheng.faces.web.models import Choice


def ways_in(office: str, next_path: str) -> list[Choice]:
    """A button a provider; none for an office that has none and for one that is none."""
    if not office.strip():
        return []
    with tools().database.public_session() as session:
        found = find_tenant_for_login(session, office)
    if found is None:
        return []
    with tools().database.session(found[0]) as session:
        providers = open_providers(session)
    code = office.strip()
    return [
        Choice(
            provider.name,
            url_for(
                "provider_login_pages.depart", office=code, provider=provider.code, next=next_path
            ),
            current=False,
            icon="handover",
        )
        for provider in providers
    ]
