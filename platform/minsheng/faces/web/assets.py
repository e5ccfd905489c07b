"""Where the built script, style sheet and icons lie: plain names to content-hashed ones."""

import json
from functools import cached_property
from pathlib import Path

from flask import Flask


class AssetsMissing(Exception):
    """The front end has not been built."""


class Assets:
    """The manifest that ``npm run build`` writes into ``static/dist``."""

    def __init__(self, folder: Path) -> None:
        self._manifest = folder / "manifest.json"

    @cached_property
    def _names(self) -> dict[str, str]:
        try:
            names: dict[str, str] = json.loads(self._manifest.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            message = "the pages have no script and style yet: run `make setup` to build them"
            raise AssetsMissing(message) from error
        return names

    def path(self, name: str) -> str:
        """``dist/app-<hash>.css`` for ``app.css``, below the static folder; AssetsMissing."""
        return f"dist/{self._names[name]}"


def assets_of(app: Flask) -> Assets:
    """The assets below the app's static folder."""
    return Assets(Path(app.static_folder or "static") / "dist")
