"""Measurements: ratios and medians with their spread, never a pass or fail of the tests."""
