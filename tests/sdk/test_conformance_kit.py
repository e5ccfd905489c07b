"""The conformance kit: the good plugin passes, each planted fault fails on its own check."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from minsheng_sdk import (
    ChannelError,
    ChannelInfo,
    CheckReport,
    CredentialsRefused,
    DeliveryReceipt,
    OutgoingReply,
    Page,
    ParsedMessage,
    PermanentError,
    ProtocolBroken,
    RateLimited,
    RawItem,
    SettingField,
    Settings,
    SourceUnavailable,
    hookimpl,
)
from minsheng_sdk.testing import (
    ConformanceFailure,
    check_names,
    conformance_cases,
    run_conformance,
)
from minsheng_sdk.testing.dummy import Answer, DummyLoopback, DummyPlugin


class LosesTheSameSecond(DummyPlugin):
    @hookimpl
    def minsheng_pull(self, settings: Settings, cursor: str) -> Iterator[Page]:
        for page in super().minsheng_pull(settings, ""):
            fresh = tuple(x for x in page.items if json.loads(x.raw)["time"] > cursor)
            if fresh:
                yield Page(fresh, json.loads(fresh[-1].raw)["time"])


class KeepsItsOwnPlace(DummyPlugin):
    def __init__(self) -> None:
        self.places: dict[str, str] = {}

    @hookimpl
    def minsheng_pull(self, settings: Settings, cursor: str) -> Iterator[Page]:
        address = str(settings["address"])
        for page in super().minsheng_pull(settings, cursor and self.places.get(address, cursor)):
            self.places[address] = page.cursor
            yield page


class CursorOfTheNextPage(DummyPlugin):
    @hookimpl
    def minsheng_pull(self, settings: Settings, cursor: str) -> Iterator[Page]:
        pages = list(super().minsheng_pull(settings, cursor))
        for page, following in zip(pages, [*pages[1:], *pages[-1:]], strict=True):
            yield Page(page.items, following.cursor)


class NewKeysEveryTime(DummyPlugin):
    numbers = count()

    def item(self, row: dict[str, Any]) -> RawItem:
        return RawItem(f"{row['id']}-{next(self.numbers)}", super().item(row).raw)


class OneKeyForTwo(DummyPlugin):
    def item(self, row: dict[str, Any]) -> RawItem:
        return RawItem(row["time"][:13], super().item(row).raw)


class StumblesOverNothing(DummyPlugin):
    @hookimpl
    def minsheng_pull(self, settings: Settings, cursor: str) -> Iterator[Page]:
        pages = list(super().minsheng_pull(settings, cursor))
        assert pages[0].items
        return iter(pages)


class RunsAheadOfNothing(DummyPlugin):
    @hookimpl
    def minsheng_pull(self, settings: Settings, cursor: str) -> Iterator[Page]:
        yield from super().minsheng_pull(settings, cursor)
        since, skip = json.loads(cursor) if cursor else ("", 0)
        yield Page((), json.dumps([since, skip + 1]))


class HugePages(DummyPlugin):
    @hookimpl
    def minsheng_pull(self, settings: Settings, cursor: str) -> Iterator[Page]:
        yield from super().minsheng_pull({**settings, "page_items": 5_000}, cursor)


class SwallowsRefusedCredentials(DummyPlugin):
    def ask(self, settings: Settings, verb: str, **query: object) -> Any:
        try:
            return super().ask(settings, verb, **query)
        except CredentialsRefused:
            return []


class TriesRefusedCredentialsAgain(DummyPlugin):
    def read(self, answer: Answer) -> Any:
        try:
            return super().read(answer)
        except CredentialsRefused as error:
            raise SourceUnavailable(str(error)) from error


class AlwaysSaysYes(DummyPlugin):
    @hookimpl
    def minsheng_check(self, settings: Settings) -> CheckReport:
        super().minsheng_check(settings)
        return CheckReport(True, ("可用",), ("fine",))


class SpeaksChineseOnly(DummyPlugin):
    @hookimpl
    def minsheng_check(self, settings: Settings) -> CheckReport:
        return replace(super().minsheng_check(settings), lines_en=())


class SkipsThePageThatFailed(DummyPlugin):
    passed_over: type[ChannelError] = SourceUnavailable

    def ask(self, settings: Settings, verb: str, **query: Any) -> Any:
        try:
            return super().ask(settings, verb, **query)
        except self.passed_over:
            if verb != "list":
                raise
            return super().ask(settings, verb, **{**query, "skip": query["skip"] + 7})


class SkipsThePageWhenAskedForPatience(SkipsThePageThatFailed):
    passed_over = RateLimited


class SkipsThePageItCannotRead(SkipsThePageThatFailed):
    passed_over = ProtocolBroken


class TakesEmptinessForNothing(DummyPlugin):
    def read(self, answer: Answer) -> Any:
        return super().read(answer) if answer.body or answer.status != 200 else []


class LetsItsLibraryRaise(DummyPlugin):
    def read(self, answer: Answer) -> Any:
        return json.loads(answer.body) if answer.status == 200 else super().read(answer)


class GivesUpWhenAskedForPatience(DummyPlugin):
    def read(self, answer: Answer) -> Any:
        if answer.status == 429:
            raise PermanentError("too many requests")
        return super().read(answer)


class TellsItsToken(DummyPlugin):
    def ask(self, settings: Settings, verb: str, **query: object) -> Any:
        try:
            return super().ask(settings, verb, **query)
        except CredentialsRefused as error:
            raise CredentialsRefused(f"{error}: {settings['token']}") from error


class ChangingParse(DummyPlugin):
    numbers = count()

    @hookimpl
    def minsheng_parse(self, settings: Settings, item: RawItem) -> ParsedMessage:
        message = super().minsheng_parse(settings, item)
        return replace(message, extra={"n": str(next(self.numbers))})


class CutsLongBodies(DummyPlugin):
    @hookimpl
    def minsheng_parse(self, settings: Settings, item: RawItem) -> ParsedMessage:
        message = super().minsheng_parse(settings, item)
        return replace(message, body=message.body[:200])


class NaiveTimes(DummyPlugin):
    @hookimpl
    def minsheng_parse(self, settings: Settings, item: RawItem) -> ParsedMessage:
        message = super().minsheng_parse(settings, item)
        return replace(message, received_at=message.received_at.replace(tzinfo=None))


class EightHoursOff(DummyPlugin):
    @hookimpl
    def minsheng_parse(self, settings: Settings, item: RawItem) -> ParsedMessage:
        message = super().minsheng_parse(settings, item)
        return replace(message, received_at=message.received_at + timedelta(hours=8))


class ParsesWithTheSource(DummyPlugin):
    @hookimpl
    def minsheng_parse(self, settings: Settings, item: RawItem) -> ParsedMessage:
        self.ask(settings, "find", key="")
        return super().minsheng_parse(settings, item)


class CrashesOnGarbage(DummyPlugin):
    @hookimpl
    def minsheng_parse(self, settings: Settings, item: RawItem) -> ParsedMessage:
        json.loads(item.raw)["id"].strip()
        return super().minsheng_parse(settings, item)


class DeliversTwice(DummyPlugin):
    @hookimpl
    def minsheng_deliver(self, settings: Settings, reply: OutgoingReply) -> DeliveryReceipt:
        super().minsheng_deliver(settings, reply)
        return super().minsheng_deliver(settings, reply)


class OnlySaysItDelivered(DummyPlugin):
    @hookimpl
    def minsheng_deliver(self, settings: Settings, reply: OutgoingReply) -> DeliveryReceipt:
        assert settings
        return DeliveryReceipt(reply.delivery_key)


class BelievesItself(DummyPlugin):
    @hookimpl
    def minsheng_deliver(self, settings: Settings, reply: OutgoingReply) -> DeliveryReceipt:
        try:
            return super().minsheng_deliver(settings, reply)
        except ChannelError:
            return DeliveryReceipt(reply.delivery_key)


class TakesALostAnswerForAFailure(DummyPlugin):
    @hookimpl
    def minsheng_deliver(self, settings: Settings, reply: OutgoingReply) -> DeliveryReceipt:
        return DeliveryReceipt(reply.delivery_key, self.ask(settings, "reply", reply=reply)["id"])


class TakesFailureForAbsence(DummyPlugin):
    @hookimpl
    def minsheng_look_up_delivery(
        self, settings: Settings, delivery_key: str
    ) -> DeliveryReceipt | None:
        try:
            return super().minsheng_look_up_delivery(settings, delivery_key)
        except ChannelError:
            return None


class FindsEverything(DummyPlugin):
    @hookimpl
    def minsheng_look_up_delivery(
        self, settings: Settings, delivery_key: str
    ) -> DeliveryReceipt | None:
        assert settings
        return DeliveryReceipt(delivery_key)


class ShowsItsToken(DummyPlugin):
    @hookimpl
    def minsheng_settings_schema(self) -> tuple[SettingField, ...]:
        return tuple(
            replace(field, type="text") if field.type == "secret" else field
            for field in super().minsheng_settings_schema()
        )


class DefaultOfTheWrongType(DummyPlugin):
    @hookimpl
    def minsheng_settings_schema(self) -> tuple[SettingField, ...]:
        odd = SettingField("retries", "integer", "次数", "Tries", default="several")
        return (*super().minsheng_settings_schema(), odd)


class OfAnotherAge(DummyPlugin):
    @hookimpl
    def minsheng_channel_info(self) -> ChannelInfo:
        return replace(super().minsheng_channel_info(), api_version=99)


FAULTY = [
    (LosesTheSameSecond, "same_second_arrivals_are_seen"),
    (KeepsItsOwnPlace, "abandoned_page_comes_again"),
    (CursorOfTheNextPage, "abandoned_page_comes_again"),
    (NewKeysEveryTime, "replay_brings_nothing_new"),
    (OneKeyForTwo, "every_arrival_comes_once"),
    (StumblesOverNothing, "empty_source_keeps_the_cursor"),
    (RunsAheadOfNothing, "empty_source_keeps_the_cursor"),
    (HugePages, "pages_fit_the_contract"),
    (SwallowsRefusedCredentials, "denied_credentials_are_named"),
    (TriesRefusedCredentialsAgain, "denied_credentials_are_named"),
    (AlwaysSaysYes, "denied_credentials_are_named"),
    (SpeaksChineseOnly, "check_says_yes_in_both_languages"),
    (SkipsThePageThatFailed, "refuse_loses_nothing"),
    (SkipsThePageThatFailed, "drop_loses_nothing"),
    (SkipsThePageWhenAskedForPatience, "throttle_loses_nothing"),
    (SkipsThePageItCannotRead, "garbage_loses_nothing"),
    (TakesEmptinessForNothing, "empty_loses_nothing"),
    (LetsItsLibraryRaise, "garbage_loses_nothing"),
    (GivesUpWhenAskedForPatience, "passing_faults_are_retryable"),
    (SwallowsRefusedCredentials, "deny_loses_nothing"),
    (TellsItsToken, "secrets_stay_out_of_words"),
    (ChangingParse, "parse_is_deterministic"),
    (CutsLongBodies, "parse_gives_back_what_was_put"),
    (NaiveTimes, "parse_times_are_exact"),
    (EightHoursOff, "parse_times_are_exact"),
    (ParsesWithTheSource, "parse_needs_no_source"),
    (CrashesOnGarbage, "garbage_is_unreadable"),
    (DeliversTwice, "reply_is_delivered_once"),
    (OnlySaysItDelivered, "reply_is_delivered_once"),
    (BelievesItself, "delivery_survives_refuse"),
    (BelievesItself, "delivery_survives_throttle"),
    (BelievesItself, "delivery_survives_deny"),
    (TakesALostAnswerForAFailure, "delivery_survives_drop"),
    (TakesALostAnswerForAFailure, "delivery_survives_empty"),
    (TakesALostAnswerForAFailure, "delivery_survives_garbage"),
    (TakesFailureForAbsence, "failed_look_up_is_no_absence"),
    (FindsEverything, "delivery_is_looked_up"),
    (ShowsItsToken, "schema_secrets_are_marked"),
    (DefaultOfTheWrongType, "schema_defaults_validate"),
    (OfAnotherAge, "info_says_who_it_is"),
]


def test_the_good_plugin_passes_every_check() -> None:
    report = run_conformance(DummyPlugin())
    assert report.ok, report.text()
    assert [result.outcome for result in report.results] == ["passed"] * len(check_names())
    assert all(result.evidence for result in report.results)


@pytest.mark.parametrize(("plugin", "check"), FAULTY, ids=lambda x: getattr(x, "__name__", x))
def test_a_planted_fault_fails_on_the_check_meant_for_it(
    plugin: type[DummyPlugin], check: str
) -> None:
    assert run_conformance(DummyPlugin(), only=[check]).ok
    report = run_conformance(plugin(), only=[check])
    assert report.failed == (check,), report.text()


def test_a_mild_fault_fails_on_nothing_else() -> None:
    assert run_conformance(EightHoursOff()).failed == ("parse_times_are_exact",)
    assert run_conformance(ShowsItsToken()).failed == ("schema_secrets_are_marked",)
    assert run_conformance(FindsEverything()).failed == ("delivery_is_looked_up",)


def test_every_check_has_a_planted_fault() -> None:
    assert {check for _, check in FAULTY} == set(check_names())


class ReadsOnly(DummyPlugin):
    @hookimpl
    def minsheng_channel_info(self) -> ChannelInfo:
        info = super().minsheng_channel_info()
        return replace(info, can_deliver=False, can_look_up=False)


def test_what_a_plugin_does_not_offer_is_not_held_against_it() -> None:
    report = run_conformance(ReadsOnly())
    skipped = [each.name for each in report.results if each.outcome == "not applicable"]
    assert report.ok
    assert len(skipped) == 9
    assert all("deliver" in name or "look_up" in name for name in skipped)


def test_a_report_in_which_nothing_was_executed_is_no_success() -> None:
    report = run_conformance(ReadsOnly(), only=["reply_is_delivered_once"])
    assert (report.executed, report.failed, report.ok) == ((), (), False)
    assert report.text().endswith("dummy does not conform: 0 checks executed, 0 failed")


@pytest.mark.parametrize("only", [[], ["no_such_check"]])
def test_a_choice_of_no_known_check_is_refused(only: list[str]) -> None:
    with pytest.raises(ValueError, match="see check_names"):
        conformance_cases(DummyPlugin(), only=only)


def test_a_silent_loopback_server_is_no_success() -> None:
    class Deaf(DummyLoopback):
        def put(self, messages: object) -> None:
            pass

    report = run_conformance(DummyPlugin(), Deaf)
    innocent = {result.name for result in report.results if result.outcome == "passed"}
    about_words_only = set(check_names()[:5]) | {
        "denied_credentials_are_named",
        "passing_faults_are_retryable",
    }
    assert innocent == about_words_only
    assert "every_arrival_comes_once" in report.failed


@pytest.mark.parametrize("case", conformance_cases(DummyPlugin()), ids=str)
def test_cases_are_for_pytest(case: Any) -> None:
    assert case.run().outcome == "passed"


def test_a_failing_case_raises_with_its_evidence() -> None:
    (case,) = conformance_cases(NaiveTimes(), only=["parse_times_are_exact"])
    with pytest.raises(ConformanceFailure, match="parse_times_are_exact: sample-a0000: a naive"):
        case.run()
