"""What an ID token of a login provider costs: accepted ones by algorithm, and refused ones."""

import base64
import json
import statistics
import time
from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from bench.stage import Stage
from minsheng.accounts.errors import ProviderLoginRefused
from minsheng.accounts.oidc_tokens import Expected, subject_of

ROUNDS = 300
ISSUER, CLIENT, NONCE = "https://id.example.gov.cn", "minsheng", "n" * 43


def id_tokens(stage: Stage, _app: Flask) -> dict[str, object]:
    """Each token is looked at without the network; A1 allows 50 ms for one."""
    now = stage.process.tools.clock.now()
    expected = Expected(ISSUER, CLIENT, NONCE, now - timedelta(minutes=1), now)
    rsa = RSAKey.generate_key(2048)
    keys = {
        "RS256": rsa,
        "PS256": rsa,
        "ES256": ECKey.generate_key("P-256"),
        "Ed25519": OKPKey.generate_key("Ed25519"),
    }
    claims = {
        "iss": ISSUER, "aud": CLIENT, "sub": "li-si", "nonce": NONCE,
        "iat": int(now.timestamp()), "exp": int(now.timestamp()) + 300,
    }  # fmt: skip
    figures: dict[str, object] = {}
    for alg, key in keys.items():
        token = jwt.encode({"alg": alg}, claims, key, algorithms=[alg])
        took = [_time(lambda t=token, k=key: subject_of(t, expected, lambda *_: k))
                for _ in range(ROUNDS)]  # fmt: skip
        figures[f"ID token accepted, {alg}, ms"] = _spread(took)
    took = [
        _time(lambda t=token: _refused(t, expected, rsa))
        for token in _forged(claims, rsa)
        for _ in range(ROUNDS // 10)
    ]
    return figures | {"ID token refused, ms (A1: under 50)": _spread(took)}


def _forged(claims: dict[str, object], key: RSAKey) -> list[str]:
    """A wrong signature, no signature, wrong claims, the deepest and the largest that is read."""
    good = jwt.encode({"alg": "RS256"}, claims, key, algorithms=["RS256"])
    head, body, signature = good.split(".")
    deep = base64.urlsafe_b64encode(b"[" * 11_000).decode().rstrip("=")
    wide = {**claims, "nonce": "wrong", "more": "x" * 11_000}
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    return [
        f"{head}.{body}.{signature[::-1]}",
        f"{none}.{body}.",
        f"{head}.{deep}.{signature}",
        f"{deep}.{body}.{signature}",
        jwt.encode({"alg": "RS256"}, wide, key, algorithms=["RS256"]),
        "x" * 1_000_000,
    ]


def _refused(token: str, expected: Expected, key: RSAKey) -> None:
    try:
        subject_of(token, expected, lambda *_: key)
    except ProviderLoginRefused:
        return
    message = "a forged token was accepted"
    raise AssertionError(message)


def _time(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000


def _spread(took: list[float]) -> str:
    cuts = statistics.quantiles(took, n=20)
    return f"{statistics.median(took):.2f} ({cuts[0]:.2f} to {cuts[-1]:.2f}; most {max(took):.2f})"
