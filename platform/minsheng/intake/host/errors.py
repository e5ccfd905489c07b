"""What the plugin host raises of its own, beside the errors of :mod:`minsheng_sdk.errors`.

HostError
├── PluginNotInstalled   no entry point of that name; install it or correct the channel
├── PluginRefused        it is there, and breaks the contract; the message says where
└── RunFailed            one run of one channel failed, all others go on
    ├── PluginCrashed    an unforeseen exception, a signal, or the end of the stream (retryable)
    │   └── NurseryLost  the warm parent was ended from outside, the plugin may be innocent
    ├── PluginTimedOut   over its wall-clock or processor limit, killed (retryable)
    ├── PluginFlooded    a frame, run, page or cursor over its limit
    └── PluginLied       an answer that is not what the contract says

``retryable`` has the meaning it has in the SDK: the same call may succeed later.
"""


class HostError(Exception):
    """The base of everything the host raises of its own."""

    retryable: bool = False


class PluginNotInstalled(HostError):
    """No plugin of that name is installed."""


class PluginRefused(HostError):
    """The plugin is installed and breaks the contract, so it was not loaded."""


class RunFailed(HostError):
    """One run failed through the plugin's doing; its process group is gone."""


class PluginCrashed(RunFailed):
    """The run ended by an unforeseen exception, a signal or an early end of its stream."""

    retryable = True


class NurseryLost(PluginCrashed):
    """The warm parent was killed from outside and took the run with it."""


class PluginTimedOut(RunFailed):
    """The run was killed at its wall-clock or processor limit."""

    retryable = True


class PluginFlooded(RunFailed):
    """The run sent more than it may."""


class PluginLied(RunFailed):
    """The run's answer is not what the contract says."""
