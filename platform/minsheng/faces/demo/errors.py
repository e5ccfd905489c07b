"""What can go wrong with the demo itself."""


class DemoError(Exception):
    """The base of both."""


class DemoNotSeeded(DemoError):
    """The demo of this home has never run."""


class DemoFailed(DemoError):
    """A part of the demo did not come up or died; the message says which and what to do."""
