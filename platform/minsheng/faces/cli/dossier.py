"""``dossier``: make the sealed archive of a case, verify one, show the key that verifies it."""

from pathlib import Path

import click

from minsheng.cases.service import PURPOSES, Purpose, Sight, Wish
from minsheng.documents.archive import ArchiveBroken, Verified, verify
from minsheng.faces.cli.shared import (
    OPERATOR,
    as_json,
    clear_errors,
    office_option,
    office_session,
    opened,
    show,
)
from minsheng.faces.process import MASTER_KEY
from minsheng.runtime.crypto import MasterKey
from minsheng.runtime.settings import Settings
from minsheng.supervision.service import dossier_key, make_dossier


@click.group()
def dossier() -> None:
    """The dossier of a case (一案一卷): one sealed archive."""


@dossier.command("make")
@office_option
@click.option("--case", "number", required=True, metavar="NUMBER")
@click.option("--purpose", type=click.Choice(PURPOSES), required=True)
@click.option("--words", default="", help="What it is needed for, in a few words.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@as_json
@clear_errors
def make(office: str, number: str, purpose: str, words: str, out: Path, *, as_json: bool) -> None:
    """Write the dossier of a case to a file that is not there yet."""
    with opened() as process, office_session(process, office) as session:
        wish = Wish(OPERATOR, sight=Sight(confidential=False))
        made = make_dossier(session, process.tools, wish, number, Purpose(purpose, words))
        try:
            with out.open("xb") as file:
                file.write(made.content)
        except FileExistsError as error:
            message = f"{out} is there already: name another file"
            raise click.ClickException(message) from error
        row = {"file": str(out), "bytes": made.row.size, "files": made.row.files}
    show(row, as_json=as_json)


@dossier.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", default="", help="The office's public key (hex), from `dossier key`.")
@as_json
@clear_errors
def verify_file(file: Path, key: str, *, as_json: bool) -> None:
    """Say whether a dossier is as it was when it was sealed; exit code 1 when not.

    Without --key this installation's own key is asked for; where there is none, the seal shows
    that nothing was changed, but not who sealed it.
    """
    wanted = key or _own_key()
    try:
        found = verify(file.read_bytes(), wanted)
    except ArchiveBroken as error:
        raise click.ClickException(str(error)) from error
    show(_said(found, known=bool(wanted)), as_json=as_json)


@dossier.command("key")
@as_json
@clear_errors
def key(*, as_json: bool) -> None:
    """The public key of this installation, to be given to whoever verifies its dossiers."""
    show({"key": _own_key(), "algorithm": "Ed25519"}, as_json=as_json)


def _own_key() -> str:
    path = Settings.from_environ().home / MASTER_KEY
    return dossier_key(MasterKey.load(path)) if path.exists() else ""


def _said(found: Verified, *, known: bool) -> dict[str, object]:
    return {
        "case": found.about["case"],
        "office": found.about["office"]["code"],
        "made_at": found.about["made_at"],
        "files": found.files,
        "bytes": found.bytes,
        "sealed_by": found.key if known else f"{found.key} (not compared with any)",
    }
