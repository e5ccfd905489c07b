"""The 12345 government service hotline: work orders over a city's JSON interface.

There is no national interface, so the names of the fields are a setting of the channel
(:mod:`.mapping`). :mod:`.client` describes the requests, :mod:`.walk` how orders are listed without
leaving one out, :mod:`.loopback` is a server that speaks the same protocol.
"""
