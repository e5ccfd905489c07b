"""Crossings: messages of one matter that landed in two offices of a province without a handover."""
