"""The group of all commands."""

import click

from minsheng.faces.cli.accounts import users
from minsheng.faces.cli.calendar import calendar
from minsheng.faces.cli.channels import channels, pull
from minsheng.faces.cli.clients import clients
from minsheng.faces.cli.database import db
from minsheng.faces.cli.deliveries import deliveries
from minsheng.faces.cli.doctor import doctor
from minsheng.faces.cli.dossier import dossier
from minsheng.faces.cli.imports import import_messages
from minsheng.faces.cli.matching import matching
from minsheng.faces.cli.providers import providers
from minsheng.faces.cli.running import demo, serve, worker
from minsheng.faces.cli.tenants import tenants


@click.group()
@click.version_option(package_name="minsheng")
def main() -> None:
    """Minsheng 民声: one desk for hotline, letters and message board."""


for command in (
    demo,
    serve,
    worker,
    db,
    tenants,
    channels,
    pull,
    users,
    clients,
    providers,
    import_messages,
    deliveries,
    matching,
    calendar,
    doctor,
    dossier,
):
    main.add_command(command)
