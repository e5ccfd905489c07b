"""The web server: granian serving the application, one listening socket, some processes."""

import errno
import os
import socket
from contextlib import closing

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from minsheng.faces.health import metrics_folder
from minsheng.faces.process import build
from minsheng.faces.start import check_start
from minsheng.runtime.settings import SettingRefused, Settings

# What granian takes for too many on this machine (more than twice the processors and one) it
# warns of at each start; a page waits for the database for most of its time, so few are wasted.
_THREADS = min(8, 2 * (os.cpu_count() or 1) + 1)
_STOP_SECONDS = 10
_PORTS = range(1, 2**16)
_ADVICE = {
    errno.EADDRINUSE: "is taken: stop what listens there or set MINSHENG_PORT",
    errno.EACCES: "is for the system's administrator: set MINSHENG_PORT to 1024 or more",
}


class PortTaken(Exception):
    """The web server's address cannot be listened on; the message says why and what to do."""


def check_port(settings: Settings) -> None:
    """Raise PortTaken or SettingRefused, saying what to do, when the web port cannot be had."""
    host, port = settings.text("MINSHENG_HOST"), settings.number("MINSHENG_PORT")
    if port not in _PORTS:
        message = f"MINSHENG_PORT needs a number from 1 to {_PORTS[-1]}, got {port}"
        raise SettingRefused(message)
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        why = _ADVICE.get(error.errno or 0, "is no address of this machine: set MINSHENG_HOST")
        message = f"{host}:{port} {why}"
        raise PortTaken(message) from error


def serve_web(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished.

    Raises as check_port, and StartRefused.
    """
    check_port(settings)
    with closing(build(settings)) as process:
        check_start(process)
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
