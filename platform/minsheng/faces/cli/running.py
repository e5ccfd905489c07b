"""``demo``, ``serve`` and ``worker``: what runs."""

import click

from minsheng.faces.cli.shared import clear_errors
from minsheng.faces.demo.supervisor import run_demo, show_demo
from minsheng.faces.process import settled
from minsheng.faces.server import serve_web
from minsheng.faces.worker import run_workforce
from minsheng.runtime.logs import configure_logs
from minsheng.runtime.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the accounts of the demo as JSON.")
@clear_errors
def demo(as_json: bool) -> None:
    """Run everything on embedded servers with demo data, until Ctrl-C."""
    settings = Settings.from_environ()
    if as_json:
        show_demo(settings)
        return
    configure_logs("warning")
    run_demo(settings)


@click.command()
@clear_errors
def serve() -> None:
    """Serve pages and API."""
    serve_web(settled(Settings.from_environ()))


@click.command()
@clear_errors
def worker() -> None:
    """Do the work: keep job processes alive and sweep up what nobody finished."""
    settings = Settings.from_environ()
    configure_logs(settings.text("MINSHENG_LOG_LEVEL"))
    run_workforce(settings)
