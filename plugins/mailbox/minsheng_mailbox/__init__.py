"""A channel plugin for a leader's mailbox: IMAP in, SMTP out, Chinese mail as it really arrives.

The road of a mail: :mod:`.imap` pulls raw bytes, :mod:`.parse` reads them with :mod:`.headers`,
:mod:`.fields`, :mod:`.mime`, :mod:`.body` and :mod:`.charsets`, :mod:`.smtp` sends the answer that
:mod:`.compose` writes. :mod:`.loopback` is the server of the demo. :mod:`.plugin` holds the hooks.
"""
