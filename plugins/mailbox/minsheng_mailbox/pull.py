"""Pull letters by UID: pages that can be repeated but never skip one.

The cursor is the JSON object ``{"folder", "uidvalidity", "uid"}`` after the last mail of a page. A
new UIDVALIDITY or another folder begins again at the first mail; every ``source_key`` then bears
the new epoch, and the service knows equal bytes again.
"""

import json
from collections.abc import Iterator, Sequence

from minsheng_mailbox.imap import Mailbox
from minsheng_mailbox.parse import mark_truncated
from minsheng_mailbox.settings import ImapSettings
from minsheng_sdk import Page, RawItem

PAGE_MAILS = 50
PAGE_BYTES = 8 * 1024 * 1024


def pull(settings: ImapSettings, cursor: str) -> Iterator[Page]:
    """Yield pages of at most 50 mails or 8 MiB (one larger mail is a page alone), oldest first.

    Of a mail above ``settings.max_bytes`` only the header is fetched and marked with
    ``X-Minsheng-Truncated: size=<bytes>`` as its first line, so that the letter is seen at the
    desk and the cursor moves on. Mails are marked read, if so set, when the generator is resumed,
    that is after their page was committed. Raises what :mod:`.imap` raises.
    """
    with Mailbox(settings) as mailbox:
        last = _last_uid(cursor, settings.folder, mailbox.validity)
        for uids in mailbox.uids_after(last):
            sizes = mailbox.sizes(uids)
            for group in _groups([uid for uid in uids if uid in sizes], sizes, settings.max_bytes):
                items = _items(mailbox, group, sizes)
                if not items:
                    continue
                yield Page(items, _cursor(settings.folder, mailbox.validity, group[-1]))
                if settings.mark_seen:
                    mailbox.mark_seen(group)
                    if mailbox.validity != int(items[0].epoch):
                        # Renumbered under our hands: the next pull begins the new epoch.
                        return


def _cursor(folder: str, validity: int, uid: int) -> str:
    return json.dumps({"folder": folder, "uidvalidity": validity, "uid": uid}, ensure_ascii=False)


def _last_uid(cursor: str, folder: str, validity: int) -> int:
    try:
        stand = json.loads(cursor) if cursor else {}
        same = stand.get("folder") == folder and stand.get("uidvalidity") == validity
        return max(0, int(stand["uid"])) if same else 0
    except (ValueError, KeyError, TypeError, AttributeError):
        # A cursor we cannot read costs repeats, which the service knows; it never costs a letter.
        return 0


def _groups(uids: Sequence[int], sizes: dict[int, int], most: int) -> Iterator[list[int]]:
    group: list[int] = []
    weight = 0
    for uid in uids:
        size = sizes[uid] if sizes[uid] <= most else 0
        if group and (len(group) >= PAGE_MAILS or weight + size > PAGE_BYTES):
            yield group
            group, weight = [], 0
        group.append(uid)
        weight += size
    if group:
        yield group


def _items(mailbox: Mailbox, group: Sequence[int], sizes: dict[int, int]) -> tuple[RawItem, ...]:
    most = mailbox.settings.max_bytes
    found = mailbox.bodies([uid for uid in group if sizes[uid] <= most])
    for uid in group:
        if sizes[uid] > most:
            headers = mailbox.header(uid)
            found |= {key: mark_truncated(raw, sizes[uid]) for key, raw in headers.items()}
    folder, epoch = mailbox.settings.folder, str(mailbox.validity)
    return tuple(
        RawItem(f"{folder}:{epoch}:{uid}", found[uid], epoch) for uid in group if uid in found
    )
