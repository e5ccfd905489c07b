"""``/cases/{number}/dossier``: everything of a case in one sealed archive."""

from typing import Any

from flask import Response

from minsheng.cases.service import Purpose, Wish
from minsheng.faces.api.desk import actor, office_session, sight, tools
from minsheng.faces.api.secrecy import PurposeSchema
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint
from minsheng.supervision.service import Made, make_dossier

blueprint = ProblemBlueprint("dossiers", __name__, description="A case in one sealed archive")


@blueprint.post("/cases/<number>/dossier")
@require_scope("citizens:read")
@blueprint.arguments(PurposeSchema)
@blueprint.response(200, content_type="application/zip")
def post_dossier(said: dict[str, Any], number: str) -> Response:
    """Make the dossier of a case; it names citizens, so the purpose is kept."""
    purpose = Purpose(said["purpose"], said["words"])
    with office_session() as session:
        made = make_dossier(session, tools(), Wish(actor(), sight=sight()), number, purpose)
    return as_file(made)


def as_file(made: Made) -> Response:
    """The archive as a download that no cache keeps."""
    answer = Response(made.content, content_type="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    return answer
