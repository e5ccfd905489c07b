"""Handing a case on, what becomes of it there, and what a leader says about it."""

from uuid import UUID

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from minsheng.faces.web.case import wish
from minsheng.faces.web.desk import needs, tools
from minsheng.faces.web.doing import attempt
from minsheng.faces.web.handling import end_of_day
from minsheng.handling.handovers import accept_handover, recall_handover, return_handover
from minsheng.handling.handovers_dispatch import dispatch as hand_over
from minsheng.handling.instructions import finish_instruction, follow_up, sign_instruction

handover_pages = Blueprint("handover_pages", __name__, url_prefix="/cases/<number>")

_STEPS = {"accept": accept_handover, "return": return_handover, "recall": recall_handover}
_LONGEST = 2000


@handover_pages.post("/dispatch")
@needs("cases.dispatch")
def dispatch(number: str) -> ResponseReturnValue:
    """Hand the case to another body."""
    form = request.form
    due_at = end_of_day(form.get("due", ""))
    role = "co" if form.get("role") == "co" else "lead"
    return attempt(
        number,
        lambda s: hand_over(
            s, tools(), wish(), number, form.get("to", "").strip(),
            role=role, due_at=due_at, note=form.get("note", "")[:1000],
        ),
        "dispatched",
        "custody",
    )  # fmt: skip


@handover_pages.post("/handovers/<uuid:handover>")
@needs("cases.dispatch")
def step(number: str, handover: UUID) -> ResponseReturnValue:
    """Sign for what was handed over, give it back, or take back what we handed out."""
    verb = _STEPS.get(request.form.get("do", ""))
    if verb is None:
        abort(422, "do: accept, return or recall")
    return attempt(number, lambda s: verb(s, tools(), wish(), handover), "handed", "custody")


@handover_pages.post("/instructions")
@needs("instructions.sign")
def sign(number: str) -> ResponseReturnValue:
    """A leader signs an instruction."""
    words = request.form.get("text", "")[:_LONGEST]
    return attempt(
        number,
        lambda s: sign_instruction(s, tools(), wish(), number, words),
        "signed",
        "instructions",
    )


@handover_pages.post("/instructions/<uuid:instruction>")
@needs("cases.handle")
def answer_instruction(number: str, instruction: UUID) -> ResponseReturnValue:
    """Say what was done about an instruction, or that it is done."""
    words = request.form.get("words", "")[:_LONGEST]
    verb = finish_instruction if request.form.get("do") == "done" else follow_up
    return attempt(
        number,
        lambda s: verb(s, tools(), wish(), instruction, words),
        "followed_up",
        "instructions",
    )
