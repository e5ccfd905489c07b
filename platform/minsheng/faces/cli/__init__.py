"""The command line ``minsheng``."""

from minsheng.faces.cli.root import main

__all__ = ["main"]
