"""The conformance kit: what every channel plugin must keep, run against its own loopback server.

In the tests of a plugin::

    import pytest
    from minsheng_mailbox import plugin
    from minsheng_sdk.testing import ConformanceCase, conformance_cases

    @pytest.mark.parametrize("case", conformance_cases(plugin), ids=str)
    def test_the_plugin_conforms(case: ConformanceCase) -> None:
        case.run()

or at once, for a report: ``run_conformance(plugin).text()``. Every check starts a loopback server
of its own (the hook ``minsheng_loopback``, or the factory given as ``loopback``), so checks do not
see one another. Each returns its evidence: what was counted, not only that it went well.

:mod:`minsheng_sdk.testing.dummy` is a plugin that conforms, short enough to be read first.
"""

from minsheng_sdk.testing.bench import ConformanceFailure, NotApplicable
from minsheng_sdk.testing.kit import (
    CheckResult,
    ConformanceCase,
    ConformanceReport,
    check_names,
    conformance_cases,
    run_conformance,
)
from minsheng_sdk.testing.samples import sample_messages

__all__ = [
    "CheckResult",
    "ConformanceCase",
    "ConformanceFailure",
    "ConformanceReport",
    "NotApplicable",
    "check_names",
    "conformance_cases",
    "run_conformance",
    "sample_messages",
]
