"""What the queue shows of a case, kept in step with the messages that stand in it.

One statement counts messages by origin and channel, and those that only follow another one of the
case; one counts the open reviews; for any number of cases.
"""

import uuid
from collections.abc import Collection, Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from minsheng.cases.search import index_cases
from minsheng_tenants import tenant_of

_COUNTS = text("""
    with standing as (
        select cm.case_id, m.plugin, c.code, count(*) as messages, max(m.received_at) as last_at
        from case_messages cm
        join messages m on m.tenant_id = cm.tenant_id and m.id = cm.message_id
        join channels c on c.tenant_id = m.tenant_id and c.id = m.channel_id
        where cm.tenant_id = :tenant and cm.case_id = any(:ids)
        group by cm.case_id, m.plugin, c.code
    ), by_plugin as (
        select case_id, jsonb_object_agg(plugin, messages) as origins from (
            select case_id, plugin, sum(messages) as messages from standing group by 1, 2
        ) each group by case_id
    ), followed as (
        select case_id, jsonb_object_agg(plugin, messages) as follow_ups from (
            select cm.case_id, m.plugin, count(*) as messages
            from case_messages cm
            join messages m on m.tenant_id = cm.tenant_id and m.id = cm.message_id
            join case_messages r on r.tenant_id = cm.tenant_id and r.message_id = cm.via_id
                and r.case_id = cm.case_id
            where cm.tenant_id = :tenant and cm.case_id = any(:ids)
                and cm.reasons -> 0 ->> 'code' = 'follow_up'
            group by 1, 2
        ) each group by case_id
    ), by_channel as (
        select case_id, jsonb_object_agg(code, messages) as channels, sum(messages) as messages,
               max(last_at) as last_at
        from standing group by case_id
    )
    update cases k
    set message_count = coalesce(c.messages, 0), origins = coalesce(p.origins, '{}'),
        follow_ups = coalesce(f.follow_ups, '{}'),
        channels = coalesce(c.channels, '{}'), last_at = coalesce(c.last_at, k.last_at),
        version = k.version + 1
    from unnest(cast(:ids as uuid[])) wanted(id)
    left join by_plugin p on p.case_id = wanted.id
    left join followed f on f.case_id = wanted.id
    left join by_channel c on c.case_id = wanted.id
    where k.tenant_id = :tenant and k.id = wanted.id
""")
_REVIEWS = text("""
    with mine as (
        select case_id, message_id from case_messages
        where tenant_id = :tenant and case_id = any(:ids)
    ), asked as materialized (
        select m.case_id, f.other_id as other_message from mine m
        join findings f on f.tenant_id = :tenant and f.message_id = m.message_id
        where f.state = 'open'
        union all
        select m.case_id, f.message_id from mine m
        join findings f on f.tenant_id = :tenant and f.other_id = m.message_id
        where f.state = 'open'
    ), counted as materialized (
        select a.case_id, count(*) as reviews from asked a
        join case_messages o on o.tenant_id = :tenant and o.message_id = a.other_message
        join cases theirs on theirs.tenant_id = :tenant and theirs.id = o.case_id
        join cases ours on ours.tenant_id = :tenant and ours.id = a.case_id
        where o.case_id <> a.case_id and (ours.secret or not theirs.secret) group by a.case_id
    )
    update cases k set reviews = coalesce(c.reviews, 0), version = k.version + 1
    from unnest(cast(:ids as uuid[])) wanted(id) left join counted c on c.case_id = wanted.id
    where k.tenant_id = :tenant and k.id = wanted.id and k.reviews <> coalesce(c.reviews, 0)
""")
"""Counted once whatever the plan: one that was made while the tables were empty went through the
findings again for each case, and 120 new cases with 540 findings took more than 18 minutes."""


def refresh_cases(
    session: Session, changed: Collection[uuid.UUID], neighbours: Iterable[uuid.UUID] = ()
) -> None:
    """Count anew for cases whose messages ``changed``, and the reviews of their ``neighbours``.

    Cases are locked in the order of their ids, as everywhere, so that no two wait for each other.
    """
    session.flush()
    if changed:
        asked = {"tenant": tenant_of(session), "ids": sorted(changed)}
        session.execute(_COUNTS, asked)
        index_cases(session, changed)
    refresh_reviews(session, {*changed, *neighbours})


def refresh_reviews(session: Session, case_ids: Collection[uuid.UUID]) -> None:
    """Count anew how many open findings touch these cases.

    A secret case is counted at itself only: a count elsewhere would say that it exists.
    """
    if case_ids:
        asked = {"tenant": tenant_of(session), "ids": sorted(case_ids)}
        session.execute(_REVIEWS, asked)
    session.expire_all()


_NEIGHBOURS = text("""
    select distinct other.case_id from case_messages mine
    join findings f on f.tenant_id = :tenant
        and (f.message_id = mine.message_id or f.other_id = mine.message_id)
    join case_messages other on other.tenant_id = :tenant
        and other.message_id in (f.message_id, f.other_id)
    where mine.tenant_id = :tenant and mine.case_id = any(:ids)
""")


def neighbours_of(session: Session, case_ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """The cases that share a finding with one of these."""
    asked = {"tenant": tenant_of(session), "ids": sorted(case_ids)}
    return list(session.scalars(_NEIGHBOURS, asked))
