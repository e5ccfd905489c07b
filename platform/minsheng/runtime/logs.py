"""Logs for machines: one JSON object a line on standard error, without citizens' data.

Three nets, each enough for the common slip: fields with telling names are withheld whole, text
that looks like a telephone, an identity number, an address or a credential is masked wherever it
stands, and an exception is told by its type and places, never by its message or its variables.
The standard library's ``logging`` (Flask, SQLAlchemy, rq) passes the same nets.
"""

import logging
import re
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import TextIO, TypeAlias

import structlog
from structlog.typing import EventDict, WrappedLogger

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
"""What JSON can hold."""

WITHHELD = "[withheld]"
_DEEPEST = 6
_MOST_PLACES = 12

# Full-width digits, letters and signs of a number or an address, one for one; the sentence's own
# punctuation stays as it is.
_WIDE = [chr(code) for code in range(0xFF01, 0xFF5F) if chr(code - 0xFEE0).isalnum()]
_NARROW = {ord(wide): ord(wide) - 0xFEE0 for wide in (*_WIDE, "＠", "．", "－", "＋")}

_WITHHELD_KEYS = re.compile(
    r"(?i)(^|_)(password|secret|token|authorization|cookie|phone|telephone|email|citizen|id_number"
    r"|body|raw|subject|original|plate)s?$"
)

# Order counts: an identity number of 18 digits holds what looks like a telephone, and a mail
# address or a credential may hold either.
_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    # A database error repeats the row it is about; SQLAlchemy repeats the statement's parameters.
    (re.compile(r"\[parameters: .*", re.DOTALL), "[parameters withheld]"),
    (re.compile(r"DETAIL: .*", re.DOTALL), "[detail withheld]"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]*\.[\w-]*"), "[token]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w+/=.~-]{8,}"), r"\1 [credential]"),
    (re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]*(?=@)"), "[credential]"),
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"), "[email]"),
    # GB 11643: 17 digits and a check character; the older form has 15 digits.
    (re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}[ -]?\d{8}[ -]?\d{3}[0-9Xx](?![0-9A-Za-z])"), "[id]"),
    (re.compile(r"(?<![0-9A-Za-z])[1-9]\d{14}(?![0-9A-Za-z])"), "[id]"),
    # Mobile numbers have 11 digits from 13 to 19; fixed lines an area code from 010 to 0999.
    (
        re.compile(
            r"(?<![0-9A-Za-z])(?:(?:\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![0-9A-Za-z])"
        ),
        "[telephone]",
    ),
    (
        re.compile(r"(?<![0-9A-Za-z.:+-])\(?0[1-9]\d{1,2}[) -]{0,2}[2-9]\d{6,7}(?![0-9A-Za-z])"),
        "[telephone]",
    ),
)


def mask_text(text: str) -> str:
    """The text with telephones, identity numbers, mail addresses and credentials masked.

    Full-width digits count as digits; a text without anything to mask comes back unchanged.
    """
    plain = text.translate(_NARROW)
    masked = plain
    for pattern, replacement in _MASKS:
        masked = pattern.sub(replacement, masked)
    return text if masked == plain else masked


def mask_value(value: object, depth: int = 0) -> Plain:
    """A value of a log field as plain JSON with every text and number in it masked."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        masked = mask_text(str(value))
        return value if masked == str(value) else masked
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if depth >= _DEEPEST:
        return WITHHELD
    if isinstance(value, Mapping):
        return {mask_text(str(k)): _field(str(k), v, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask_value(item, depth + 1) for item in value]
    return mask_text(value if isinstance(value, str) else _shown(value))


def mask_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The structlog processor over all fields of a line."""
    return {key: _field(key, value, 0) for key, value in event.items() if key[0] != "_"}


def tell_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` by the types and places of the exception and its causes."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    error = given if isinstance(given, BaseException) else None
    if isinstance(given, tuple):
        error = given[1]
    elif given is True:
        error = sys.exc_info()[1]
    if error is not None:
        event["errors"] = describe_exception(error)
    return event


def describe_exception(error: BaseException) -> list[dict[str, object]]:
    """An exception and what caused it, outermost first: type and ``file:line function``."""
    told: list[dict[str, object]] = []
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen and len(told) < _DEEPEST:
        seen.add(id(following))
        kind = type(following)
        told.append(
            {"type": f"{kind.__module__}.{kind.__qualname__}", "at": _places(following)},
        )
        following = following.__cause__ or following.__context__
    return told


def configure_logs(level: str = "info", stream: TextIO | None = None) -> None:
    """Send structlog and ``logging`` as masked JSON lines to ``stream`` (default: stderr).

    ``level`` is debug, info, warning or error; another word is a ValueError. Call it once, first
    thing in a process.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Authlib writes whole access tokens at level debug.
    logging.getLogger("authlib").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _tell_uncaught
    threading.excepthook = _tell_thread


def bind_request(request_id: str) -> None:
    """Put ``request_id`` on every line until :func:`forget_request`, in this context only."""
    structlog.contextvars.bind_contextvars(request_id=request_id)


def forget_request() -> None:
    """Forget what :func:`bind_request` bound, before the thread takes the next request."""
    structlog.contextvars.clear_contextvars()


def _shared() -> list[structlog.typing.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]


def _formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_shared(), structlog.stdlib.ExtraAdder()],
        processors=[
            tell_exception,
            mask_event,
            structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True),
        ],
    )


def _field(key: str, value: object, depth: int) -> Plain:
    if value is not None and _WITHHELD_KEYS.search(key):
        return WITHHELD
    return mask_value(value, depth)


def _shown(value: object) -> str:
    """An object's text; an exception given as a field tells its type only."""
    if isinstance(value, BaseException):
        return f"{type(value).__module__}.{type(value).__qualname__}"
    return str(value)


def _places(error: BaseException) -> list[str]:
    places: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        file = "/".join(code.co_filename.split("/")[-3:])
        places.append(f"{file}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-_MOST_PLACES:]


def _tell_uncaught(
    kind: type[BaseException], error: BaseException, _trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger("minsheng").critical("uncaught exception", exc_info=error)


def _tell_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None:
        name = told.thread.name if told.thread else ""
        logger = structlog.get_logger("minsheng")
        logger.critical("uncaught exception", thread=name, exc_info=told.exc_value)
