"""Which plugins are installed, which were refused and why.

Every plugin has a pluggy manager of its own: one manager for all would let one plugin's exception
end the call for the rest. A plugin is looked at once, when it is loaded: its import, its version,
its hooks. What does not fit is refused with a reason that an administrator can act on, and the
others stay.
"""

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Self

import pluggy

from minsheng.intake.host.errors import PluginNotInstalled, PluginRefused
from minsheng_sdk import (
    API_VERSION,
    ChannelInfo,
    Loopback,
    SettingField,
    spec,
)

GROUP = "minsheng.channels"
KNOWN_VERSIONS = frozenset({API_VERSION})

_ALWAYS = (
    "minsheng_channel_info",
    "minsheng_settings_schema",
    "minsheng_check",
    "minsheng_pull",
    "minsheng_parse",
    "minsheng_loopback",
)


class ChannelPlugin:
    """One loaded plugin: what it says of itself, without any network.

    ``hook`` gives the plugin's hooks as they are; whatever touches a source is called on it in a
    child process only, through :class:`minsheng.intake.host.PluginHost`.
    """

    def __init__(
        self,
        hook: pluggy.HookRelay,
        info: ChannelInfo,
        schema: tuple[SettingField, ...],
    ) -> None:
        self.hook = hook
        self._info = info
        self._schema = schema

    @property
    def name(self) -> str:
        """The plugin's name, equal to that of its entry point."""
        return self._info.name

    def info(self) -> ChannelInfo:
        """What the plugin is and can do, as it said when it was loaded."""
        return self._info

    def schema(self) -> tuple[SettingField, ...]:
        """The settings a channel of this plugin needs, in the order of the form."""
        return self._schema

    def loopback(self) -> Loopback:
        """A new loopback server of the plugin's protocol, for demo and tests; not started."""
        loopback: Loopback = self.hook.minsheng_loopback()
        return loopback


class PluginRegistry:
    """The plugins of this installation."""

    def __init__(self, plugins: Sequence[ChannelPlugin], refused: dict[str, str]) -> None:
        self._plugins = {plugin.name: plugin for plugin in plugins}
        self.refused = refused

    @classmethod
    def load(cls, group: str = GROUP) -> Self:
        """Load every installed plugin; never raises because of one of them."""
        return cls.of(sorted(entry_points(group=group), key=lambda entry: entry.name))

    @classmethod
    def of(cls, entries: Iterable[EntryPoint]) -> Self:
        """Load the plugins of these entry points; what fails stands in ``refused``."""
        plugins: dict[str, ChannelPlugin] = {}
        refused: dict[str, str] = {}
        for entry in entries:
            if entry.name in plugins:
                refused[f"{entry.name} ({entry.value})"] = "another plugin has this name already"
                continue
            try:
                plugins[entry.name] = load_entry(entry)
            except PluginRefused as error:
                refused[entry.name] = str(error)
        return cls(list(plugins.values()), refused)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the loaded plugins, sorted."""
        return tuple(sorted(self._plugins))

    def get(self, name: str) -> ChannelPlugin:
        """Return a loaded plugin; raises PluginNotInstalled saying what to do."""
        if name in self._plugins:
            return self._plugins[name]
        if name in self.refused:
            message = f"plugin {name!r} was refused: {self.refused[name]}"
        else:
            known = ", ".join(self.names) or "none"
            message = (
                f"no plugin {name!r}: install the package that brings it,"
                f" or choose one that is installed ({known})"
            )
        raise PluginNotInstalled(message)


def load_entry(entry: EntryPoint) -> ChannelPlugin:
    """Load the plugin of one entry point; raises PluginRefused with the reason."""
    return adopt(_imported(entry.load), entry.name)


def load_source(source: str) -> ChannelPlugin:
    """Load a plugin by ``entry:NAME``, ``module:DOTTED.NAME`` or ``path:/ABSOLUTE/FILE.py``.

    The last two are for tests and for the author of a plugin that is not installed yet. Raises
    PluginNotInstalled when there is no such entry point, PluginRefused with the reason.
    """
    kind, _, rest = source.partition(":")
    if kind == "module":
        return adopt(_imported(lambda: importlib.import_module(rest)), None)
    if kind == "path":
        return adopt(_imported(lambda: _file_module(rest)), None)
    found = [entry for entry in entry_points(group=GROUP) if entry.name == rest]
    if kind != "entry" or not found:
        message = f"no plugin {rest!r}: install the package that brings it"
        raise PluginNotInstalled(message)
    return load_entry(found[0])


def _file_module(path: str) -> object:
    found = importlib.util.spec_from_file_location("minsheng_plugin_by_path", path)
    if found is None or found.loader is None:
        message = f"no Python file at {path!r}"
        raise PluginRefused(message)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def _imported(load: Callable[[], object]) -> object:
    try:
        return load()
    except KeyboardInterrupt:
        raise
    except PluginRefused:
        raise
    except BaseException as error:  # the plugin edge: an import may do anything, sys.exit() too
        message = f"its import failed with {type(error).__name__}: {error}"
        raise PluginRefused(message) from error


def adopt(module: object, name: str | None) -> ChannelPlugin:
    """Check a plugin object against the contract and wrap it.

    ``name`` is the name it must bear, or None for any. Raises PluginRefused with the reason.
    """
    manager = pluggy.PluginManager(spec.PROJECT)
    manager.add_hookspecs(spec)
    try:
        manager.register(module, name)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        message = f"its hooks do not fit the specification: {error}"
        raise PluginRefused(message) from error
    _demand(manager, _ALWAYS)
    info, schema = _said(manager.hook)
    _check_info(info, name)
    _demand(manager, _promised(info))
    if not isinstance(schema, tuple) or not all(isinstance(x, SettingField) for x in schema):
        message = "minsheng_settings_schema must return a tuple of SettingField"
        raise PluginRefused(message)
    return ChannelPlugin(manager.hook, info, schema)


def _said(hook: pluggy.HookRelay) -> tuple[ChannelInfo, tuple[SettingField, ...]]:
    try:
        return hook.minsheng_channel_info(), hook.minsheng_settings_schema()
    except Exception as error:
        message = f"it cannot describe itself, {type(error).__name__}: {error}"
        raise PluginRefused(message) from error


def _promised(info: ChannelInfo) -> list[str]:
    promised = ["minsheng_deliver"] if info.can_deliver else []
    return promised + (["minsheng_look_up_delivery"] if info.can_look_up else [])


def _demand(manager: pluggy.PluginManager, hooks: Iterable[str]) -> None:
    missing = [hook for hook in hooks if not getattr(manager.hook, hook).get_hookimpls()]
    if missing:
        message = f"it lacks {', '.join(missing)}: add each, marked with hookimpl"
        raise PluginRefused(message)


def _check_info(info: object, name: str | None) -> None:
    if not isinstance(info, ChannelInfo):
        message = f"minsheng_channel_info must return ChannelInfo, got {type(info).__name__}"
        raise PluginRefused(message)
    if info.api_version not in KNOWN_VERSIONS:
        known = ", ".join(str(version) for version in sorted(KNOWN_VERSIONS))
        message = f"it speaks api version {info.api_version}, this service knows {known}"
        raise PluginRefused(message)
    if name is not None and info.name != name:
        message = f"its entry point says {name!r}, it calls itself {info.name!r}"
        raise PluginRefused(message)
