"""Hang the API onto an app: blueprints, OpenAPI 3.1, interactive docs."""

from flask import Flask

from minsheng.accounts.scopes import SCOPES
from minsheng.faces.api import (
    cases,
    channels,
    citizens,
    clients,
    crossings,
    deliveries,
    dossiers,
    flows,
    handling,
    handovers,
    matching,
    messages,
    metrics,
    replies,
    secrecy,
    tenants,
    users,
)
from minsheng.faces.api.desk import EXTENSION, ApiTools
from minsheng.faces.api.docs import register_docs
from minsheng.faces.problems import ProblemApi
from minsheng.faces.table import PROBLEMS

PREFIX = "/api/v1"


def register_api(app: Flask, api_tools: ApiTools) -> ProblemApi:
    """Add every operation of ``/api/v1`` to ``app``; the OpenAPI document is at openapi.json.

    The page of all operations is at docs.
    """
    app.extensions[EXTENSION] = api_tools
    app.config |= {
        "API_TITLE": "Minsheng 民声",
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": PREFIX,
        "OPENAPI_JSON_PATH": "openapi.json",
    }
    api = ProblemApi(app)
    flow = {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": dict(SCOPES)}}
    api.spec.components.security_scheme("oauth2", {"type": "oauth2", "flows": flow})
    for room in (
        tenants,
        channels,
        messages,
        cases,
        handovers,
        crossings,
        matching,
        clients,
        secrecy,
        users,
        metrics,
        handling,
        flows,
        dossiers,
        replies,
        deliveries,
        citizens,
    ):
        api.register_blueprint(room.blueprint, url_prefix=PREFIX)
    register_docs(app, api, PROBLEMS, PREFIX)
    return api
