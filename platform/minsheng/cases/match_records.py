"""A stored message as the matcher reads it."""

from minsheng.intake.messages import open_citizen
from minsheng.intake.models import Message
from minsheng.intake.people import citizen_indexes
from minsheng.runtime.crypto import FieldCipher
from minsheng_dedupe import Record


def record_of(cipher: FieldCipher, message: Message) -> Record:
    """The matcher's record of a message: masked words and the office's own blind indexes.

    A message from before there were indexes of masked numbers has them made of its sealed contact,
    which nobody gets to see by it.
    """
    return Record(
        message_id=str(message.id),
        channel=message.plugin,
        subject=message.subject,
        body=message.body,
        received_at=message.received_at,
        region=message.region,
        **_indexes(cipher, message),
    )


def _indexes(cipher: FieldCipher, message: Message) -> dict[str, bytes]:
    if message.phone_part_ix is None or message.surname_ix is None:
        citizen = open_citizen(cipher, message.id, message.citizen)
        return citizen_indexes(cipher, message.plugin, citizen)
    return {
        "phone_ix": bytes(message.phone_ix),
        "email_ix": bytes(message.email_ix),
        "name_ix": bytes(message.name_ix),
        "phone_part_ix": bytes(message.phone_part_ix),
        "surname_ix": bytes(message.surname_ix),
    }
