"""Run the checks and report them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from minsheng_sdk.loopback import Fault, Loopback
from minsheng_sdk.testing import (
    checks_contract,
    checks_delivery,
    checks_faults,
    checks_parse,
    checks_pull,
)
from minsheng_sdk.testing.bench import Bench, ConformanceFailure, NotApplicable

Outcome = Literal["passed", "failed", "not applicable"]
MakeLoopback = Callable[[], Loopback]

_FAULTS: tuple[Fault, ...] = get_args(Fault)

CHECKS: tuple[Callable[[Bench], str], ...] = (
    checks_contract.info_says_who_it_is,
    checks_contract.schema_defaults_validate,
    checks_contract.schema_secrets_are_marked,
    checks_contract.check_says_yes_in_both_languages,
    checks_contract.secrets_stay_out_of_words,
    checks_pull.every_arrival_comes_once,
    checks_pull.pages_fit_the_contract,
    checks_pull.replay_brings_nothing_new,
    checks_pull.same_second_arrivals_are_seen,
    checks_pull.abandoned_page_comes_again,
    checks_pull.empty_source_keeps_the_cursor,
    *(checks_faults.loses_nothing(fault) for fault in _FAULTS),
    checks_faults.passing_faults_are_retryable,
    checks_faults.denied_credentials_are_named,
    checks_parse.parse_is_deterministic,
    checks_parse.parse_gives_back_what_was_put,
    checks_parse.parse_times_are_exact,
    checks_parse.parse_needs_no_source,
    checks_parse.garbage_is_unreadable,
    checks_delivery.reply_is_delivered_once,
    checks_delivery.delivery_is_looked_up,
    checks_delivery.failed_look_up_is_no_absence,
    *(checks_delivery.delivery_survives(fault) for fault in _FAULTS),
)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check went; ``evidence`` says what was counted, or what broke."""

    name: str
    outcome: Outcome
    evidence: str


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """All results of one plugin."""

    plugin: str
    results: tuple[CheckResult, ...]

    @property
    def executed(self) -> tuple[CheckResult, ...]:
        """The checks that looked at something."""
        return tuple(each for each in self.results if each.outcome != "not applicable")

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the checks that failed."""
        return tuple(each.name for each in self.results if each.outcome == "failed")

    @property
    def ok(self) -> bool:
        """Whether at least one check was executed and none failed."""
        return bool(self.executed) and not self.failed

    def text(self) -> str:
        """The report in lines for people, the verdict last."""
        lines = [f"{each.outcome:>14}  {each.name}: {each.evidence}" for each in self.results]
        verdict = "conforms" if self.ok else "does not conform"
        count = f"{len(self.executed)} checks executed, {len(self.failed)} failed"
        return "\n".join([*lines, f"{self.plugin} {verdict}: {count}"])


@dataclass(frozen=True, slots=True)
class ConformanceCase:
    """One check of one plugin, to be handed to ``pytest.mark.parametrize``."""

    bench: Bench
    check: Callable[[Bench], str]

    def __str__(self) -> str:
        return self.check.__name__

    def run(self) -> CheckResult:
        """Run the check; raises ConformanceFailure with the evidence when it fails."""
        result = self.result()
        if result.outcome == "failed":
            message = f"{result.name}: {result.evidence}"
            raise ConformanceFailure(message)
        return result

    def result(self) -> CheckResult:
        """Run the check and return how it went; never raises because of the plugin."""
        try:
            return CheckResult(str(self), "passed", self.check(self.bench))
        except NotApplicable as reason:
            return CheckResult(str(self), "not applicable", str(reason))
        except ConformanceFailure as failure:
            return CheckResult(str(self), "failed", str(failure))
        except Exception as error:  # noqa: BLE001 - the plugin edge: whatever it raised is the finding
            return CheckResult(str(self), "failed", f"raised {type(error).__name__}: {error}")


def check_names() -> tuple[str, ...]:
    """The names of all checks, in the order in which they run."""
    return tuple(check.__name__ for check in CHECKS)


def conformance_cases(
    plugin: object,
    loopback: MakeLoopback | None = None,
    only: Sequence[str] | None = None,
    many: int = 120,
) -> list[ConformanceCase]:
    """Return the checks of a plugin as cases for pytest.

    ``plugin`` is the module or object with the hooks; ``loopback`` makes its loopback server, by
    default the plugin's own hook; ``only`` names the checks wanted, by default all; ``many`` is how
    many messages a check over several pages puts. Raises ValueError for an unknown or an empty
    choice, pluggy's PluginValidationError when the hooks do not fit the specification.
    """
    wanted = check_names() if only is None else tuple(only)
    unknown = sorted(set(wanted) - set(check_names()))
    if unknown or not wanted:
        message = f"no such check: {', '.join(unknown) or 'none named'}, see check_names()"
        raise ValueError(message)
    bench = Bench(plugin, loopback, many)
    return [ConformanceCase(bench, check) for check in CHECKS if check.__name__ in wanted]


def run_conformance(
    plugin: object,
    loopback: MakeLoopback | None = None,
    only: Sequence[str] | None = None,
    many: int = 120,
) -> ConformanceReport:
    """Run the checks of a plugin and report them; the arguments are those of conformance_cases."""
    cases = conformance_cases(plugin, loopback, only, many)
    results = tuple(case.result() for case in cases)
    return ConformanceReport(_name(cases[0].bench), results)


def _name(bench: Bench) -> str:
    try:
        return str(bench.info.name)
    except Exception as error:  # noqa: BLE001 - the plugin edge: the check of the info tells it
        return f"a plugin that raises {type(error).__name__}"
