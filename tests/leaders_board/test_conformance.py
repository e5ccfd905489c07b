"""The plugin keeps every promise that the conformance kit looks at."""

import pytest

from minsheng_leaders_board import plugin
from minsheng_sdk.testing import ConformanceCase, conformance_cases


@pytest.mark.parametrize("case", conformance_cases(plugin), ids=str)
def test_the_plugin_conforms(case: ConformanceCase) -> None:
    assert case.run().outcome == "passed"
