"""Checks of delivery: a reply arrives once, and the plugin says no more than it knows."""

from collections.abc import Callable

from minsheng_sdk.errors import ChannelError, DeliveryUncertain, PermanentError, RetryableError
from minsheng_sdk.loopback import Fault
from minsheng_sdk.records import DeliveryReceipt, OutgoingReply
from minsheng_sdk.testing.bench import (
    MOST_POSITIONS,
    Bench,
    NotApplicable,
    Source,
    demand,
    squeezed,
)
from minsheng_sdk.testing.samples import sample_messages

MOST_TRIES = 6
TEXT = "您好，您反映的问题已核实并处理完毕。\n感谢您的来信。"


def reply_is_delivered_once(bench: Bench) -> str:
    """One call brings one reply to the source, with its words and its key."""
    _needs_delivery(bench)
    with bench.source() as source:
        reply = _reply(source)
        receipt = _deliver(source, reply)
        arrived = source.loopback.delivered()
    demand(receipt.delivery_key == reply.delivery_key, "the receipt bears another delivery_key")
    demand(len(arrived) == 1, f"{len(arrived)} replies arrived")
    demand(squeezed(TEXT) in squeezed(arrived[0].text), "the reply lost words")
    keys = ("", reply.delivery_key)
    demand(arrived[0].delivery_key in keys, "the reply arrived under another delivery_key")
    return f"1 reply, receipt {receipt.remote_id or 'without an id'}"


def delivery_is_looked_up(bench: Bench) -> str:
    """A delivered reply is found by its key, another key is not."""
    _needs_look_up(bench)
    with bench.source() as source:
        reply = _reply(source)
        before = _look_up(source, reply.delivery_key)
        _deliver(source, reply)
        found, other = _look_up(source, reply.delivery_key), _look_up(source, "kit-no-such-key")
    demand(before is None, "a reply was found before it was sent")
    demand(found is not None, "a delivered reply is not found")
    demand(found is not None and found.delivery_key == reply.delivery_key, "another one is found")
    demand(other is None, "a key that was never sent is found")
    return "found after, not before, and not under another key"


def failed_look_up_is_no_absence(bench: Bench) -> str:
    """A look-up that could not be made is an error, never the answer that nothing arrived."""
    _needs_look_up(bench)
    faults: tuple[Fault, ...] = ("refuse", "drop", "empty", "throttle", "garbage", "deny")
    told = 0
    for fault in faults:
        with bench.source() as source:
            reply = _reply(source)
            _deliver(source, reply)
            source.fail_next(fault)
            try:
                found = _look_up(source, reply.delivery_key)
            except ChannelError:
                told += 1
                continue
        demand(found is not None, f"a look-up under the fault {fault} denies the delivery")
    return f"{told} of {len(faults)} faults told as errors"


def delivery_survives(fault: Fault) -> Callable[[Bench], str]:
    """Make the check of one fault at every request of a delivery."""

    def check(bench: Bench) -> str:
        _needs_delivery(bench)
        with bench.source() as source:
            reply = _reply(source)
            used = source.requests_of(lambda: _deliver(source, reply))
        places = range(min(max(used, 1), MOST_POSITIONS))
        ends = [_judge(bench, fault, place) for place in places]
        return f"{fault} at {len(ends)} requests: {', '.join(sorted(set(ends)))}"

    check.__name__ = f"delivery_survives_{fault}"
    check.__doc__ = f"Under the fault {fault} a reply never arrives twice, nor is it misreported."
    return check


def _judge(bench: Bench, fault: Fault, place: int) -> str:
    """Deliver as the service does and compare what it believes with what arrived."""
    where = f"{fault} at request {place + 1}"
    with bench.source() as source:
        reply = _reply(source)
        source.fail_next(fault, place)
        end = _carry_through(source, reply)
        arrived = len(source.loopback.delivered())
    demand(arrived <= 1, f"{where}: the reply arrived {arrived} times")
    demand(end != "sent" or arrived == 1, f"{where}: told as sent, and nothing arrived")
    demand(end != "refused" or arrived == 0, f"{where}: told as refused, and it arrived")
    demand(end != "unsettled", f"{where}: neither sent nor given up after {MOST_TRIES} tries")
    return end


def _carry_through(source: Source, reply: OutgoingReply) -> str:
    """Retry what may be retried, look up what is uncertain; never send twice unasked."""
    uncertain = False
    for _ in range(MOST_TRIES):
        try:
            if uncertain and _look_up(source, reply.delivery_key) is not None:
                return "sent"
            _deliver(source, reply)
        except DeliveryUncertain:
            if not source.bench.info.can_look_up:
                return "uncertain"
            uncertain = True
        except RetryableError:
            continue
        except PermanentError:
            return "uncertain" if uncertain else "refused"
        else:
            return "sent"
    return "unsettled"


def _reply(source: Source) -> OutgoingReply:
    """Let a message arrive and make the reply to it."""
    source.put(sample_messages(1, "reply"))
    items = source.pull_well().items
    demand(len(items) == 1, f"{len(items)} items for 1 arrival")
    message = source.parse(items[0])
    return OutgoingReply(
        delivery_key="kit-0001-reply",
        external_id=message.external_id,
        subject=f"答复：{message.subject}",
        text=TEXT,
        office="示范县民声办",
        citizen=message.citizen,
        thread=message.thread,
    )


def _deliver(source: Source, reply: OutgoingReply) -> DeliveryReceipt:
    receipt: DeliveryReceipt = source.hook.minsheng_deliver(settings=source.settings, reply=reply)
    return receipt


def _look_up(source: Source, key: str) -> DeliveryReceipt | None:
    found: DeliveryReceipt | None = source.hook.minsheng_look_up_delivery(
        settings=source.settings, delivery_key=key
    )
    return found


def _needs_delivery(bench: Bench) -> None:
    if not bench.info.can_deliver:
        message = "the plugin does not deliver"
        raise NotApplicable(message)


def _needs_look_up(bench: Bench) -> None:
    _needs_delivery(bench)
    if not bench.info.can_look_up:
        message = "the plugin does not look up deliveries"
        raise NotApplicable(message)
