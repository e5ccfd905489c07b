"""The dossier of a case (一案一卷) as a sealed archive to keep."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from minsheng.cases.service import Purpose, PurposeInvalid, RevealRefused, Wish
from minsheng.documents.pdf import PdfToolMissing
from minsheng.faces.web.case import back_to_case
from minsheng.faces.web.desk import actor, needs, office_session, tools
from minsheng.faces.web.sight import sight
from minsheng.supervision.service import make_dossier

dossier_pages = Blueprint("dossier_pages", __name__, url_prefix="/cases/<number>")


@dossier_pages.post("/dossier")
@needs("citizens.read")
def take_dossier(number: str) -> ResponseReturnValue:
    """Make the dossier and hand it over; it names citizens, so the purpose is kept."""
    purpose = Purpose(request.form.get("purpose", ""), request.form.get("words", ""))
    try:
        with office_session() as session:
            made = make_dossier(session, tools(), Wish(actor(), sight=sight()), number, purpose)
    except PurposeInvalid:
        return back_to_case(number, "purpose_missing")
    except RevealRefused:
        return back_to_case(number, "dossier_refused")
    except PdfToolMissing:
        return back_to_case(number, "dossier_unmade")
    answer = Response(made.content, content_type="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    return answer
