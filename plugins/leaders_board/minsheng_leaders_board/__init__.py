"""The message board for leaders (人民网「领导留言板」): signed JSON requests.

:mod:`.client` describes the protocol, :mod:`.walk` how letters are listed without losing one,
:mod:`.letters` how a stored letter is read, :mod:`.loopback` is a server that speaks the same
protocol.
"""
