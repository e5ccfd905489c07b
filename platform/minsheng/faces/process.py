"""What each process of the service is made of: the one place where the parts are put together."""

from dataclasses import dataclass
from datetime import timedelta

from redis import Redis

from minsheng.accounts.service import SessionLimits
from minsheng.accounts.tidying import TIDY
from minsheng.accounts.work import Tidier
from minsheng.audit import Tools, make_tools
from minsheng.cases.matching import MatchMaker
from minsheng.citizens.service import place_messages
from minsheng.crossings.contributing import Coder
from minsheng.crossings.hints import HintGiver
from minsheng.crossings.keyring import RING, ProvincialKeys
from minsheng.crossings.work import KINDS as CROSSING_KINDS
from minsheng.crossings.work import Contributor, Recoder, Settler
from minsheng.handling.handover_work import Carrier, Placer, Reporter
from minsheng.handling.handovers_words import CARRY, ONWARD, PLACED
from minsheng.handling.service import handed_between
from minsheng.handling.work import HANDLERS as HANDLING_WORK
from minsheng.intake.host import Limits, PluginHost, PluginRegistry
from minsheng.intake.parsing import Parser
from minsheng.intake.pulls import Puller
from minsheng.intake.service import MATCH, PARSE, PULL
from minsheng.replies.adopting import ADOPT, Adopter
from minsheng.replies.bounces import take_bounce
from minsheng.replies.notices import PROMISE_KEPT, Teller
from minsheng.replies.receipts import Acknowledger
from minsheng.replies.settings import ACKNOWLEDGE
from minsheng.replies.work import DELIVER, Deliverer
from minsheng.runtime.bell import Bell
from minsheng.runtime.clock import Clock, SystemClock
from minsheng.runtime.crypto import MasterKey
from minsheng.runtime.database import Database
from minsheng.runtime.embedded import (
    admin_url,
    app_url,
    operator_url,
    redis_url,
    worker_url,
)
from minsheng.runtime.failpoints import Failpoints, arm
from minsheng.runtime.runner import Handler, Runner
from minsheng.runtime.settings import SettingRefused, Settings
from minsheng.supervision.service import ROLL_UP, RollUp

CHANNELS, CASES, DELIVERIES = "channels", "cases", "deliveries"
KINDS = {PULL: CHANNELS, PARSE: CHANNELS, MATCH: CASES, TIDY: CASES, ROLL_UP: CASES}
KINDS |= {each.kind: CASES for each in HANDLING_WORK}
KINDS |= dict.fromkeys(CROSSING_KINDS, CASES)
KINDS |= {CARRY: CASES, PLACED: CASES, ONWARD: CASES}
KINDS |= {DELIVER: DELIVERIES, ADOPT: CASES, PROMISE_KEPT: CASES, ACKNOWLEDGE: CASES}
"""Which queue a kind of work is rung on; a worker listens on one of them (runtime.bell)."""

MASTER_KEY = "keys/master.key"
_REDIS_SECONDS = 2.0
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Process:
    """The parts of one process; :meth:`close` gives its connections and children back."""

    settings: Settings
    tools: Tools
    bell: Bell
    registry: PluginRegistry
    host: PluginHost

    def close(self) -> None:
        """End plugin children and drop connections."""
        self.host.close()
        self.tools.database.dispose()
        self.bell.redis.close()


def settled(settings: Settings) -> Settings:
    """The settings with the addresses of the embedded servers where none is given.

    Raises CredentialsUnfit when the embedded servers of this home were never started.
    """
    values, home = dict(settings.values), settings.home
    values["MINSHENG_HOME"] = str(home)
    if not values["MINSHENG_DATABASE_URL"]:
        values["MINSHENG_DATABASE_URL"] = app_url(home)
        values["MINSHENG_DATABASE_WORKER_URL"] = worker_url(home)
        values["MINSHENG_DATABASE_OPERATOR_URL"] = operator_url(home)
        values["MINSHENG_DATABASE_OWNER_URL"] = admin_url(home, "minsheng")
    if not values["MINSHENG_REDIS_URL"]:
        values["MINSHENG_REDIS_URL"] = redis_url(home)
    return Settings(values)


def build(settings: Settings, clock: Clock | None = None, *, operator: bool = False) -> Process:
    """Put a process together from settings; opens no connection yet.

    Only an ``operator`` process (the command line) holds the operator's login.
    """
    settings = settled(settings)
    arm(Failpoints.from_settings(settings))
    database = Database(
        settings.text("MINSHENG_DATABASE_URL"),
        settings.text("MINSHENG_DATABASE_WORKER_URL"),
        settings.text("MINSHENG_DATABASE_OPERATOR_URL") if operator else "",
    )
    master = MasterKey.load_or_make(settings.home / MASTER_KEY)
    tools = make_tools(database, master, clock or SystemClock())
    bell = make_bell(settings)
    database.ring_with(bell.ring)
    return Process(settings, tools, bell, PluginRegistry.load(), PluginHost(_limits(settings)))


def make_bell(settings: Settings) -> Bell:
    """The bell on the Redis of the settings; every call to it ends after two seconds.

    rq raises that limit for the waiting of its own workers. Raises SettingRefused for an address
    that is none.
    """
    try:
        redis = Redis.from_url(
            settings.text("MINSHENG_REDIS_URL"),
            socket_connect_timeout=_REDIS_SECONDS,
            socket_timeout=_REDIS_SECONDS,
        )
    except ValueError as error:
        message = f"MINSHENG_REDIS_URL is no address of Redis: {error}"
        raise SettingRefused(message) from error
    prefix = settings.text("MINSHENG_QUEUE")
    queues = {kind: queue_name(prefix, queue) for kind, queue in KINDS.items()}
    return Bell(redis, queues, settings.number("MINSHENG_SWEEP_SECONDS"))


def queue_name(prefix: str, queue: str) -> str:
    """The name of an rq queue, so that two installations can share one Redis."""
    return f"{prefix}-{queue}"


def make_runner(process: Process) -> Runner:
    """The runner with every kind of work wired to its handler."""
    tools, host = process.tools, process.host
    lease = timedelta(seconds=process.settings.number("MINSHENG_LEASE_SECONDS"))
    handlers = {
        PULL: Handler(Puller(tools, host, lease).work, CHANNELS, batch=1),
        PARSE: Handler(Parser(tools, host, lease, take_bounce).work, CHANNELS),
        MATCH: Handler(MatchMaker(tools, lease, place_messages).work, CASES),
        ROLL_UP: Handler(RollUp(tools, lease).work, CASES),
        CARRY: Handler(Carrier(tools, lease).work, CASES),
        PLACED: Handler(Placer(tools).work, CASES),
        ONWARD: Handler(Reporter(tools).work, CASES),
        TIDY: Handler(Tidier(tools, SessionLimits.from_settings(process.settings)).work, CASES),
    }
    handlers |= {each.kind: Handler(each(tools).work, CASES) for each in HANDLING_WORK}
    handlers |= {
        DELIVER: Handler(Deliverer(tools, host, process.registry, lease).work, DELIVERIES),
        ADOPT: Handler(Adopter(tools, lease).work, CASES),
        PROMISE_KEPT: Handler(Teller(tools).work, CASES),
        ACKNOWLEDGE: Handler(Acknowledger(tools).work, CASES),
    }
    handlers |= _crossings(process, lease)
    return Runner(tools.database, process.bell, tools.clock, handlers, lease)


def _crossings(process: Process, lease: timedelta) -> dict[str, Handler]:
    """The match service across offices; the provincial keys are opened here, in workers only."""
    tools = process.tools
    coder = Coder(tools, ProvincialKeys(process.settings.home / RING, tools.clock))
    giver = HintGiver(tools, passed=handed_between)
    works = (
        Contributor(tools, coder, giver, lease).work,
        Recoder(tools, coder, lease).work,
        Settler(tools).work,
    )
    return {kind: Handler(work, CASES) for kind, work in zip(CROSSING_KINDS, works, strict=True)}


def _limits(settings: Settings) -> Limits:
    return Limits(
        pull_seconds=float(settings.number("MINSHENG_RUN_SECONDS")),
        memory_bytes=settings.number("MINSHENG_RUN_MEMORY_MB") * _MIB,
    )
