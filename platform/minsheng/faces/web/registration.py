"""Puts the pages into an app."""

from datetime import date, datetime, timedelta

from flask import Flask, request, url_for

from minsheng.accounts.service import SessionLimits
from minsheng.audit import Tools
from minsheng.faces.web import event_words, labels, reply_screen, times
from minsheng.faces.web.account import account_pages
from minsheng.faces.web.admin_pages import ADMIN_PAGES
from minsheng.faces.web.assets import assets_of
from minsheng.faces.web.bulk import bulk_pages
from minsheng.faces.web.case import case_pages
from minsheng.faces.web.central import central_pages
from minsheng.faces.web.channels import channel_pages
from minsheng.faces.web.cookies import cookies_are_secure, keep_form_token
from minsheng.faces.web.crossings import crossing_pages
from minsheng.faces.web.deliveries import delivery_pages
from minsheng.faces.web.desk import WebTools, csrf_token, keep_web_tools
from minsheng.faces.web.dossiers import dossier_pages
from minsheng.faces.web.errors import register_problem_page
from minsheng.faces.web.handling import handling_pages
from minsheng.faces.web.handovers import handover_pages
from minsheng.faces.web.headers import register_headers
from minsheng.faces.web.leader import leader_pages
from minsheng.faces.web.locale import language, register_locale, theme
from minsheng.faces.web.login import login_pages
from minsheng.faces.web.low_ratings import low_rating_pages
from minsheng.faces.web.new_channel import new_channel_pages
from minsheng.faces.web.oidc import provider_login_pages
from minsheng.faces.web.pairs import pair_pages
from minsheng.faces.web.portal import register_portal
from minsheng.faces.web.present import person_name
from minsheng.faces.web.providers import provider_pages
from minsheng.faces.web.quarantine import quarantine_pages
from minsheng.faces.web.queue import queue_pages
from minsheng.faces.web.replies import reply_pages
from minsheng.faces.web.samples import sample_pages
from minsheng.faces.web.secrecy import secrecy_pages
from minsheng.faces.web.steps import factor_required, step_pages
from minsheng.faces.web.styleguide import styleguide_pages
from minsheng.intake.host import PluginRegistry
from minsheng.runtime.settings import Settings

PAGES = (
    login_pages,
    step_pages,
    account_pages,
    queue_pages,
    bulk_pages,
    case_pages,
    handling_pages,
    handover_pages,
    crossing_pages,
    reply_pages,
    leader_pages,
    low_rating_pages,
    sample_pages,
    dossier_pages,
    styleguide_pages,
    secrecy_pages,
    pair_pages,
    channel_pages,
    new_channel_pages,
    quarantine_pages,
    delivery_pages,
    central_pages,
    provider_login_pages,
    provider_pages,
    *ADMIN_PAGES,
)


def register(
    app: Flask, tools: Tools, settings: Settings, registry: PluginRegistry | None = None
) -> None:
    """Add the pages of the desk, their words, their problem page and the headers of every response.

    ``registry`` gives the short words of origins; without one the installed plugins are asked.
    ``app`` must lie in the package ``minsheng.faces``: its templates, static files and catalogues
    are found from there.
    """
    app.config["SESSION_COOKIE_SECURE"] = cookies_are_secure(settings)
    app.config["BABEL_DEFAULT_LOCALE"] = settings.text("MINSHENG_LANGUAGE")
    with app.app_context():
        limits = SessionLimits.from_settings(settings)
        badges = _badges(registry or PluginRegistry.load())
        keep_web_tools(WebTools(tools, limits, badges, factor_required(settings)))
    register_locale(app)
    _register_templates(app, tools)
    for pages in PAGES:
        app.register_blueprint(pages)
    register_problem_page(app)
    register_portal(app)
    app.after_request(keep_form_token)
    register_headers(app)


def _register_templates(app: Flask, tools: Tools) -> None:
    assets = assets_of(app)

    def spoken(moment: datetime) -> str:
        return times.spoken(moment, tools.clock.now(), language())

    def plain_day(when: date) -> str:
        there = times.local(when).date() if isinstance(when, datetime) else when
        return times.named_day(there, times.local(tools.clock.now()).date(), language())

    def last_day(until: datetime) -> str:
        return plain_day(until - timedelta(days=1))

    def asset(name: str) -> str:
        return url_for("static", filename=assets.path(name))

    def values() -> dict[str, object]:
        here = request.full_path.removesuffix("?")
        return {"language": language(), "theme": theme(), "here": here}

    app.jinja_env.globals.update(asset=asset, csrf_token=csrf_token)
    app.jinja_env.filters.update(_FILTERS, spoken=spoken, plain_day=plain_day, last_day=last_day)
    app.context_processor(values)


def _badges(registry: PluginRegistry) -> dict[str, tuple[str, str]]:
    infos = [registry.get(name).info() for name in registry.names]
    return {info.name: (info.badge_zh, info.badge_en) for info in infos}


_FILTERS = {
    "exact": times.exact,
    "day": times.day,
    "lasting": times.lasting,
    "bytes": times.size,
    "plugin_icon": labels.plugin_icon,
    "plugin_name": labels.plugin_name,
    "state_name": labels.state_name,
    "stage_name": labels.stage_name,
    "actor_name": person_name,
    "handover_state": event_words.handover_state,
    "call_result": event_words.call_words,
    "reply_state": reply_screen.reply_state_words,
    "delivery_state": reply_screen.delivery_words,
    "role_name": labels.role_name,
    "channel_state": labels.channel_state,
    "outcome_name": labels.outcome_name,
}
