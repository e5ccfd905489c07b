"""A sealed archive: files in a ZIP, an index that names each with its digest, a seal on the index.

The seal is an Ed25519 signature (RFC 8032) over the bytes of ``index.json``, so that anybody who
holds the public key can verify a copy, without this service and without any secret. Nothing in the
archive depends on the order or the clock of its making but ``made_at``: the same files give the
same digests.
"""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

INDEX, SEAL = "index.json", "seal.json"
FORMAT = "minsheng-dossier/1"
LARGEST = 4 * 1024**3
"""Bytes of all files unpacked: an archive that claims more is refused before it is unpacked."""
_LARGEST_INDEX = 64 * 1024**2
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The one time a ZIP entry bears, the earliest it can: digests, not clocks, say what is in it."""


class ArchiveBroken(Exception):
    """The file is no such archive, or it is not as it was when it was sealed."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a sound archive says of itself; ``key`` is the public key that it bears (hex)."""

    about: Mapping[str, Any]
    files: int
    bytes: int
    key: str


def pack(files: Mapping[str, bytes], about: Mapping[str, Any], seed: bytes) -> bytes:
    """The archive of ``files`` by path, sealed with the key of a 32-byte ``seed``."""
    listed = [_entry(path, files[path]) for path in sorted(files)]
    index = _json({"format": FORMAT, **about, "files": listed})
    signer = Ed25519PrivateKey.from_private_bytes(seed)
    seal = {"algorithm": "Ed25519", "key": public_key(seed), "signature": _b64(signer.sign(index))}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in (*sorted(files.items()), (INDEX, index), (SEAL, _json(seal))):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content)
    return target.getvalue()


def public_key(seed: bytes) -> str:
    """The public key (hex) that verifies what is sealed with a seed."""
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def verify(content: bytes, key: str = "") -> Verified:
    """Check an archive whole: the seal, then each file's size and digest, then that nothing is new.

    With ``key`` (hex) the seal must be of that key; without, the archive's own key is taken, which
    shows that nothing was changed since, but not by whom it was sealed. Raises ArchiveBroken.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _verify(archive, key.strip().lower())
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError) as error:
        message = "this is no sealed dossier, or its directory is damaged: fetch it again"
        raise ArchiveBroken(message) from error


def _verify(archive: zipfile.ZipFile, key: str) -> Verified:
    _check_names(archive)
    index, seal = archive.read(INDEX), json.loads(archive.read(SEAL))
    own = str(seal["key"])
    if key and own != key:
        message = f"sealed with another key ({own[:16]}…): this is not the office's own dossier"
        raise ArchiveBroken(message)
    try:
        signature = base64.b64decode(seal["signature"], validate=True)
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(own)).verify(signature, index)
    except InvalidSignature as error:
        message = f"{INDEX} was changed after it was sealed"
        raise ArchiveBroken(message) from error
    about = json.loads(index)
    if about.get("format") != FORMAT:
        message = f"unknown format {about.get('format')!r}: verify it with a newer version"
        raise ArchiveBroken(message)
    listed = about.pop("files")
    _check_files(archive, listed)
    return Verified(about, len(listed), sum(each["bytes"] for each in listed), own)


def _check_names(archive: zipfile.ZipFile) -> None:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if len(set(names)) != len(names):
        message = "the archive names a file twice: fetch it again"
        raise ArchiveBroken(message)
    sizes = {info.filename: info.file_size for info in infos}
    if sum(sizes.values()) > LARGEST or sizes[INDEX] > _LARGEST_INDEX or sizes[SEAL] > 4096:
        message = "the archive claims to hold more than a dossier can: it was not made here"
        raise ArchiveBroken(message)


def _check_files(archive: zipfile.ZipFile, listed: Iterable[Mapping[str, Any]]) -> None:
    wanted = {each["path"]: each for each in listed}
    found = set(archive.namelist()) - {INDEX, SEAL}
    for path in sorted(found ^ set(wanted)):
        said = "is missing" if path in wanted else "was added after the sealing"
        message = f"{path} {said}"
        raise ArchiveBroken(message)
    for path, each in wanted.items():
        if (
            archive.getinfo(path).file_size != each["bytes"]
            or _digest(archive, path) != each["sha256"]
        ):
            message = f"{path} was changed after the sealing"
            raise ArchiveBroken(message)


def _digest(archive: zipfile.ZipFile, path: str) -> str:
    digest = hashlib.sha256()
    try:
        with archive.open(path) as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except zipfile.BadZipFile as error:
        message = f"{path} was changed after the sealing"
        raise ArchiveBroken(message) from error
    return digest.hexdigest()


def _entry(path: str, content: bytes) -> dict[str, Any]:
    return {"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str).encode()


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
