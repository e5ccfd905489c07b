"""Many replies of one channel by one child: its connection stays open between them.

What a failed run means depends on when it failed. A plugin that announces the moment of sending
(``ChannelInfo.announces``) has sent nothing before; of any other the reply may have arrived as
soon as it was handed over.
"""

from collections.abc import Callable
from dataclasses import dataclass

from minsheng.intake.host.errors import PluginCrashed, PluginLied, RunFailed
from minsheng.intake.host.run import OddItem, Run, record
from minsheng.intake.host.wire import to_wire
from minsheng_sdk import DeliveryReceipt, DeliveryUncertain, OutgoingReply, Settings


@dataclass(frozen=True, slots=True)
class Outlay:
    """What a sending needs: the plugin, the channel's settings, seconds for one answer."""

    plugin: str
    settings: Settings
    announces: bool
    seconds: float


class Sending:
    """Sends replies one after another; a run that failed is replaced for the next reply."""

    def __init__(self, outlay: Outlay, open_run: Callable[[], Run]) -> None:
        """``open_run`` forks a child; no child is there before the first reply."""
        self._outlay = outlay
        self._open_run = open_run
        self._run: Run | None = None

    def close(self) -> None:
        """End the child; the sending may go on with another one."""
        if self._run is not None:
            self._run.close()
        self._run = None

    def deliver(self, reply: OutgoingReply, announced: Callable[[], None]) -> DeliveryReceipt:
        """Send one reply; ``announced`` is called right before it goes out and may raise.

        Raises the SDK's errors as they were, PluginCrashed, … where nothing was sent, or
        DeliveryUncertain with the RunFailed as its cause. What ``announced`` raises goes through,
        and nothing is sent then.
        """
        begun = not self._outlay.announces
        try:
            run = self._ready()
            answer = run.ask({"reply": to_wire(reply)}, self._outlay.seconds)
            if "announce" in answer:
                self._tell(announced)
                begun = True
                answer = run.ask({"go": True}, self._outlay.seconds)
            return self._receipt(answer, reply)
        except OddItem as error:
            raise self._meant(error, begun=begun) from error
        except RunFailed as error:
            self.close()
            raise self._meant(error, begun=begun) from error

    def _tell(self, announced: Callable[[], None]) -> None:
        # Whatever ends the telling, the child must not live on with a send that nobody knows of.
        try:
            announced()
        except BaseException:
            self.close()
            raise

    def _meant(self, error: RunFailed, *, begun: bool) -> Exception:
        if not begun:
            return PluginCrashed(f"{error}; nothing was sent")
        return DeliveryUncertain(f"{error}; whether the reply arrived is unknown")

    def _ready(self) -> Run:
        if self._run is None:
            run = self._open_run()
            self._run = run
            request = {"do": "send", "settings": to_wire(self._outlay.settings)}
            run.ask(request, self._outlay.seconds)
        return self._run

    def _receipt(self, answer: dict[str, object], reply: OutgoingReply) -> DeliveryReceipt:
        receipt = record(DeliveryReceipt, answer.get("done"))
        if receipt.delivery_key != reply.delivery_key:
            message = f"{self._outlay.plugin}: the receipt names another delivery"
            raise PluginLied(message)
        return receipt
