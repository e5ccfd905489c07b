"""Saved views: a person's own names for parts of the queue."""

import uuid

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.desk_models import SavedView
from minsheng.cases.errors import CaseConflict
from minsheng.runtime.ids import new_id

MOST_VIEWS = 20
LONGEST_NAME, LONGEST_QUERY = 30, 600


def saved_views(session: Session, username: str) -> list[SavedView]:
    """The person's views in the order of their names, MOST_VIEWS at most."""
    chosen = select(SavedView).where(SavedView.username == username)
    return list(session.scalars(chosen.order_by(SavedView.name).limit(MOST_VIEWS)))


def save_view(session: Session, tools: Tools, actor: Actor, name: str, query: str) -> SavedView:
    """Keep a view of the acting person under a name; the same name is written over.

    ``query`` is what stands behind the ``?`` of the queue's address. Raises CaseConflict for an
    empty or long name, or when the person has MOST_VIEWS already.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or len(query) > LONGEST_QUERY:
        message = f"a view needs a name of 1 to {LONGEST_NAME} characters"
        raise CaseConflict(message)
    standing = {view.name: view for view in saved_views(session, actor.name)}
    if name not in standing and len(standing) >= MOST_VIEWS:
        message = f"no more than {MOST_VIEWS} views can be kept: drop one first"
        raise CaseConflict(message)
    view = standing.get(name) or SavedView(id=new_id(), username=actor.name, name=name)
    view.query, view.saved_at = query, tools.clock.now()
    session.add(view)
    session.flush()
    tools.auditor.record(session, actor, "view.save", "view", view.id)
    return view


def drop_view(session: Session, tools: Tools, actor: Actor, view_id: uuid.UUID) -> None:
    """Forget a view of the acting person; raises CaseConflict when it is none of theirs."""
    mine = SavedView.id == view_id, SavedView.username == actor.name
    found = session.scalars(delete(SavedView).where(*mine).returning(SavedView.id)).all()
    if not found:
        message = "there is no such view of yours: it may have been dropped already"
        raise CaseConflict(message)
    tools.auditor.record(session, actor, "view.drop", "view", view_id)
