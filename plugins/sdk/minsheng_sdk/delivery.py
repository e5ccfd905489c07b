"""The moment of sending: said by the plugin, written down by the service before it goes on.

A reply that was handed to a plugin whose run then ended may have arrived or not. A plugin that can
say when sending begins (:attr:`ChannelInfo.announces`) calls :func:`about_to_send` right before
that step: the service commits "sending" and only then lets it go on, so that whatever ended before
is known not to have been sent, and whatever was overtaken by another worker sends nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from minsheng_sdk.records import DeliveryReceipt, OutgoingReply

Deliver = Callable[[OutgoingReply], DeliveryReceipt]
OpenDelivery = AbstractContextManager[Deliver]


def _nobody_asked() -> None:
    """Stand in where nobody wants to know, as in a plugin's own tests."""


_told: list[Callable[[], None]] = [_nobody_asked]


def about_to_send() -> None:
    """Say that the next step may bring the reply to its source; returns once that is written down.

    Call it once a reply, as late as can be. It may end the run.
    """
    _told[-1]()


@contextmanager
def announcing(tell: Callable[[], None]) -> Iterator[None]:
    """Have ``tell`` called at each announcement inside of the block; for the service."""
    _told.append(tell)
    try:
        yield
    finally:
        _told.remove(tell)
