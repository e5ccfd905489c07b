"""What a run can see and use: nothing that is not its own."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from minsheng.intake.host import PluginCrashed, PluginHost

SECRET = "canary-of-the-service"
NOBODY = 65_534
MakeHost = Callable[..., PluginHost]


def look(host: PluginHost) -> dict[str, Any]:
    (line,) = host.check("moody", {"mood": "look"}).lines_zh
    seen: dict[str, Any] = json.loads(line)
    return seen


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, make_host: MakeHost) -> dict[str, Any]:
    monkeypatch.setenv("MINSHENG_DATABASE_URL", SECRET)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    return look(make_host())


def test_no_secret_of_the_service_is_in_reach(seen: dict[str, Any]) -> None:
    assert SECRET not in json.dumps(seen)
    odd = [n for n in seen["environ"] if n not in {"PATH", "LANG"} and not n.startswith("PYTHON")]
    # Python itself adds LC_CTYPE where the locale is plain C (PEP 538).
    assert set(odd) <= {"LC_CTYPE"}


def test_the_bait_would_have_been_seen(
    monkeypatch: pytest.MonkeyPatch, make_host: MakeHost
) -> None:
    monkeypatch.setenv("PYTHONBAIT", SECRET)
    assert SECRET in json.dumps(look(make_host()))


def test_the_command_line_holds_names_and_limits_only(seen: dict[str, Any]) -> None:
    module, source, bond, limits = seen["argv"][-4:]
    assert module == "minsheng.intake.host.nursery"
    assert (source.startswith("path:"), bond) == (True, "bound")
    assert set(json.loads(limits)) >= {"memory_bytes", "run_as"}


def test_only_the_run_s_own_socket_is_open(host: PluginHost) -> None:
    with open("/dev/null") as bait:
        os.set_inheritable(bait.fileno(), True)
        # 0 to 2 are /dev/null, 3 is the socket, 4 lists the folder.
        assert look(host)["fds"] == ["0", "1", "2", "3", "4"]


def test_a_run_has_a_session_of_its_own_and_leaves_no_core(host: PluginHost) -> None:
    seen = look(host)
    assert seen["session"] is True
    assert seen["core"] == [0, 0]


def test_the_settings_of_one_run_are_not_in_the_memory_of_the_next(host: PluginHost) -> None:
    secret = "".join(f"{n:02x}" for n in os.urandom(16))
    with_secret = host.check("moody", {"mood": f"remember {secret[::-1]}", "other": secret})
    without = host.check("moody", {"mood": f"remember {secret[::-1]}"})
    # Each run makes copies while it reverses and searches; the first holds the setting besides.
    assert int(with_secret.lines_zh[0]) > int(without.lines_zh[0])


def test_another_user_can_be_given_where_the_service_is_root(make_host: MakeHost) -> None:
    host = make_host(run_as=(NOBODY, NOBODY))
    if os.geteuid() == 0:
        seen = look(host)
        assert seen["uid"] == NOBODY
        assert seen["parent environ"] == "PermissionError"
        with pytest.raises(PluginCrashed, match="PermissionError"):
            host.check("moody", {"mood": "kill parent"})
    else:
        with pytest.raises(PluginCrashed, match="exit status 1"):
            look(host)
