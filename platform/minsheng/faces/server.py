"""The web server: granian serving the application, one listening socket, some processes."""

import os
import socket

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from minsheng.faces.health import metrics_folder
from minsheng.runtime.settings import Settings

_THREADS = 8
_STOP_SECONDS = 10


class PortTaken(Exception):
    """Another program listens on the web port already."""


def check_port(settings: Settings) -> None:
    """Raise PortTaken, saying what to do, when the web port cannot be listened on."""
    host, port = settings.text("MINSHENG_HOST"), settings.number("MINSHENG_PORT")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"{host}:{port} is taken: stop what listens there or set MINSHENG_PORT"
            raise PortTaken(message) from error


def serve_web(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished. Raises PortTaken."""
    check_port(settings)
    os.environ.update({name: value for name, value in settings.values.items() if value})
    os.environ.update(metrics_folder(settings.home))
    Granian(
        "minsheng.faces.app:from_environment",
        factory=True,
        address=settings.text("MINSHENG_HOST"),
        port=settings.number("MINSHENG_PORT"),
        interface=Interfaces.WSGI,
        workers=settings.number("MINSHENG_WEB_WORKERS"),
        blocking_threads=_THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        log_access=False,
        log_level=LogLevels.warning,
    ).serve()
