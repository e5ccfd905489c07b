"""A plugin whose import wants 4 GB."""

HOARD = bytearray(4 << 30)
