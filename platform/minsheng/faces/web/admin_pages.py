"""The blueprints of the administrators' pages."""

from minsheng.faces.web.admin_bodies import body_pages
from minsheng.faces.web.admin_imports import import_pages
from minsheng.faces.web.admin_roles import role_pages
from minsheng.faces.web.audit import audit_pages
from minsheng.faces.web.clients import client_pages
from minsheng.faces.web.people import people_pages

ADMIN_PAGES = (
    people_pages,
    role_pages,
    import_pages,
    body_pages,
    client_pages,
    audit_pages,
)
