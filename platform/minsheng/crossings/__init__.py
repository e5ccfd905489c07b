"""Hints across offices: the same matter at two bodies, without showing either's content."""
