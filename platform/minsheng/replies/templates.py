"""Templates of an office: a text with variables ``{{name}}``, filled when a draft is begun."""

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.service import Wish
from minsheng.replies.errors import ReplyInvalid, ReplyNotFound, VariableUndefined
from minsheng.replies.models import LIVE, WITHDRAWN, ReplyTemplate
from minsheng.runtime.ids import new_id

_VARIABLE = re.compile(r"\{\{\s*([^{}\s]{1,40})\s*\}\}")
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
LONGEST_TEMPLATE = 20_000


def variables_of(text: str) -> list[str]:
    """The names of the variables in a text, in order, each once."""
    return list(dict.fromkeys(_VARIABLE.findall(text)))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with the values of its variables; one without a value stays as it is written."""
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)


def demand_filled(field: str, text: str) -> None:
    """Raise VariableUndefined when a variable is left in ``text``, or braces that hold none."""
    left = variables_of(text)
    if left:
        message = f"variable {left[0]!r} has no value: write it, or take it out"
        raise VariableUndefined(field, message)
    if "{{" in text or "}}" in text:
        raise VariableUndefined(field, "'{{' stands without a variable: take it out")


def set_template(
    session: Session, tools: Tools, wish: Wish, code: str, title: str, text: str
) -> ReplyTemplate:
    """Add a template or change the one of this code; raises ReplyInvalid."""
    _check(code, title, text)
    template = session.scalar(select(ReplyTemplate).where(ReplyTemplate.code == code))
    if template is None:
        template = ReplyTemplate(id=new_id(), code=code)
        session.add(template)
    template.title, template.text, template.state = title.strip(), text, LIVE
    template.changed_by, template.changed_at = str(wish.actor), tools.clock.now()
    session.flush()
    tools.auditor.record(session, wish.actor, "template.set", "template", code)
    return template


def withdraw_template(session: Session, tools: Tools, wish: Wish, code: str) -> ReplyTemplate:
    """Take a template out of use; raises ReplyNotFound."""
    template = find_template(session, code)
    template.state = WITHDRAWN
    template.changed_by, template.changed_at = str(wish.actor), tools.clock.now()
    session.flush()
    tools.auditor.record(session, wish.actor, "template.withdraw", "template", code)
    return template


def find_template(session: Session, code: str) -> ReplyTemplate:
    """A template in use; raises ReplyNotFound."""
    wanted = ReplyTemplate.code == code, ReplyTemplate.state == LIVE
    template = session.scalar(select(ReplyTemplate).where(*wanted))
    if template is None:
        message = f"this office has no template {code!r} in use: choose another"
        raise ReplyNotFound(message)
    return template


def list_templates(session: Session) -> Sequence[ReplyTemplate]:
    """The templates in use, by code."""
    chosen = select(ReplyTemplate).where(ReplyTemplate.state == LIVE)
    return session.scalars(chosen.order_by(ReplyTemplate.code)).all()


def _check(code: str, title: str, text: str) -> None:
    if not _CODE.fullmatch(code):
        message = "use 1 to 40 small letters, digits, '-' or '_', beginning with a letter or digit"
        raise ReplyInvalid("code", message)
    if not title.strip() or len(title) > 100 or not title.isprintable():
        raise ReplyInvalid("title", "a template needs a title of 1 to 100 printable characters")
    if not text.strip() or len(text) > LONGEST_TEMPLATE:
        raise ReplyInvalid("text", f"a template needs 1 to {LONGEST_TEMPLATE} characters")
    rest = _VARIABLE.sub("", text)
    if "{{" in rest or "}}" in rest:
        raise ReplyInvalid("text", "a variable is written {{name}}, without spaces in its name")
