"""Check, deliver and look up in a child."""

import pytest

from minsheng.intake.host import (
    PluginCrashed,
    PluginFlooded,
    PluginHost,
    PluginNotInstalled,
    PluginRefused,
    PluginTimedOut,
    RunFailed,
)
from minsheng_sdk import (
    CheckReport,
    Citizen,
    CredentialsRefused,
    DeliveryReceipt,
    DeliveryUncertain,
    OutgoingReply,
    SettingsInvalid,
    SourceUnavailable,
)

REPLY = OutgoingReply("d-1", "m-1", "回复：路灯", "已修复。", "城管局", Citizen("王芳"), ("a", "b"))


def test_a_check_reports_in_both_languages(host: PluginHost) -> None:
    assert host.check("moody", {"mood": "calm"}) == CheckReport(True, ("好",), ("fine",))


def test_a_check_raises_what_the_plugin_raised(host: PluginHost) -> None:
    with pytest.raises(SettingsInvalid, match="address: is nowhere"):
        host.check("moody", {"mood": "bad setting"})
    with pytest.raises(PluginCrashed, match="SIGSEGV"):
        host.check("moody", {"mood": "segfault"})


def test_a_reply_is_delivered_with_its_text(host: PluginHost) -> None:
    receipt = host.deliver("moody", {"mood": "calm"}, REPLY)
    assert receipt == DeliveryReceipt("d-1", "r-1", "已修复。")


@pytest.mark.parametrize(
    "mood", ["segfault", "exit", "fit", "stumble", "huge frame", "no frame", "mixes up"]
)
def test_a_run_that_fails_after_the_reply_was_handed_over_is_uncertain(
    host: PluginHost, mood: str
) -> None:
    with pytest.raises(DeliveryUncertain, match="whether the reply arrived is unknown") as caught:
        host.deliver("moody", {"mood": mood}, REPLY)
    assert isinstance(caught.value.__cause__, RunFailed)


@pytest.mark.parametrize(
    ("mood", "kind"),
    [
        ("unavailable", SourceUnavailable),
        ("denied", CredentialsRefused),
        ("uncertain", DeliveryUncertain),
    ],
)
def test_what_the_plugin_says_of_a_delivery_is_believed(
    host: PluginHost, mood: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        host.deliver("moody", {"mood": mood}, REPLY)


def test_a_plugin_that_was_never_handed_the_reply_is_not_uncertain(host: PluginHost) -> None:
    with pytest.raises(PluginRefused):
        host.deliver("import_fails", {}, REPLY)
    with pytest.raises(PluginNotInstalled, match="install the package that brings it"):
        host.deliver("nobody", {}, REPLY)


def test_a_delivery_is_looked_up(host: PluginHost) -> None:
    assert host.look_up("moody", {"mood": "calm"}, "known") == DeliveryReceipt("known")
    assert host.look_up("moody", {"mood": "calm"}, "unknown") is None


def test_a_look_up_that_crashes_is_not_taken_for_absence(host: PluginHost) -> None:
    with pytest.raises(PluginCrashed):
        host.look_up("moody", {"mood": "exit"}, "unknown")


def test_which_failures_may_be_retried() -> None:
    assert (PluginCrashed.retryable, PluginTimedOut.retryable) == (True, True)
    assert (PluginFlooded.retryable, PluginRefused.retryable) == (False, False)
