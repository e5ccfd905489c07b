"""What can be wrong with a wish about handovers and instructions.

HandlingError
├── HandlingInvalid
│   ├── BodyOutOfReach    the case cannot be handed to this body; the words say why
│   └── OrderInvalid      an order of dispatch or an instruction cannot be like this
├── HandlingNotFound
│   ├── HandoverNotFound      no such handover, or none of this side
│   └── InstructionNotFound   the office has no such instruction
└── HandlingConflict
    └── HandoverConflict  the handover is not in a state that allows it
"""

from minsheng.handling.errors import HandlingConflict, HandlingInvalid, HandlingNotFound


class BodyOutOfReach(HandlingInvalid):
    """The case cannot be handed to this body: itself, a cycle, or outside of what can be seen."""

    def __init__(self, message: str) -> None:
        """``message`` says what to do instead."""
        super().__init__("to", message)


class OrderInvalid(HandlingInvalid):
    """An order of dispatch or an instruction cannot be like this; ``field`` names the part."""


class HandoverNotFound(HandlingNotFound):
    """The office has no such handover on the side that was asked for."""


class InstructionNotFound(HandlingNotFound):
    """The office has no such instruction."""


class HandoverConflict(HandlingConflict):
    """The handover, or the case to be handed over, is not in a state that allows it."""
