"""What every operation needs: the office's session, the tools and who acts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import current_app, g
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.service import Sight
from minsheng.intake.host import PluginHost, PluginRegistry

EXTENSION = "minsheng_api"


@dataclass(frozen=True, slots=True)
class ApiTools:
    """The tools of the process and the plugins it knows; ``host`` runs live checks."""

    tools: Tools
    registry: PluginRegistry
    host: PluginHost


def api_tools() -> ApiTools:
    """What the app was built with."""
    kept: ApiTools = current_app.extensions[EXTENSION]
    return kept


def tools() -> Tools:
    """Clock, keys, auditor and sessions."""
    return api_tools().tools


def actor() -> Actor:
    """The API client that acts."""
    acting: Actor = g.actor
    return acting


def sight() -> Sight:
    """What the token lets its bearer see besides the plain desk."""
    return Sight(confidential="cases:confidential" in g.scopes)


@contextmanager
def office_session() -> Iterator[Session]:
    """A transaction for the token's office; the office never comes from anywhere else."""
    with tools().database.session(g.tenant_id) as session:
        yield session
