"""The web application: API, pages, health, all on the parts of one process."""

from flask import Flask, abort, request
from werkzeug.middleware.proxy_fix import ProxyFix

from minsheng.faces import web
from minsheng.faces.api import register_api
from minsheng.faces.api.desk import ApiTools
from minsheng.faces.health import register_health
from minsheng.faces.oauth import register_oauth
from minsheng.faces.problems import register_problems
from minsheng.faces.process import Process, build
from minsheng.faces.start import check_app, check_start
from minsheng.faces.table import PROBLEMS
from minsheng.runtime.logs import configure_logs
from minsheng.runtime.settings import Settings


def create_app(process: Process) -> Flask:
    """The application on the parts of ``process``."""
    settings = process.settings
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.number("MINSHENG_MAX_BODY_BYTES")
    app.before_request(refuse_nul)
    register_problems(app, PROBLEMS)
    register_oauth(app, process.tools, settings)
    register_health(app, process.tools, settings)
    register_api(app, ApiTools(process.tools, process.registry, process.host))
    web.register(app, process.tools, settings, process.registry)
    believe_proxies(app, settings.number("MINSHENG_PROXIES"))
    return app


def believe_proxies(app: Flask, count: int) -> None:
    """Take address and scheme from what the last ``count`` proxies added, never the host name.

    What a client wrote into the same headers stands before that and is not looked at.
    """
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # as Flask's manual has it
            app.wsgi_app, x_for=count, x_proto=count, x_host=0, x_port=0, x_prefix=0
        )


def refuse_nul() -> None:
    """Refuse an address that holds NUL, which no identifier has and PostgreSQL cannot read."""
    if "%00" in request.full_path or "\x00" in request.path:
        abort(400, "the address holds a NUL character: remove it")


def from_environment() -> Flask:
    """The application of a web server process, from the environment; for the WSGI server.

    Raises StartRefused.
    """
    settings = Settings.from_environ()
    configure_logs(settings.text("MINSHENG_LOG_LEVEL"))
    process = build(settings)
    check_start(process)
    app = create_app(process)
    check_app(app)
    return app
