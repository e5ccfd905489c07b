"""Row identifiers: UUID version 7 (RFC 9562): keys grow with time and B-trees stay dense."""

import uuid

import uuid_utils


def new_id() -> uuid.UUID:
    """A fresh identifier, greater than those made before it by this process."""
    return uuid.UUID(int=uuid_utils.uuid7().int)
