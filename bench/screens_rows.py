"""The statements that make the rows of an office's life (see bench/screens_fill.py).

Our own mix, and no office's: 30 of 100 cases are worked on, 66 are done, 4 were merged into
others; of the open ones 8 are past their deadline, 4 end today, 4 wait for the citizen. Every
office has two cases of 200 messages. The newest case is of a minute ago, the oldest of three years.
"""

STAGING = (
    "create unlogged table bench_seeds (n int, subject text, body text, words_1 text,"
    " words_2 text)",
    "create unlogged table bench_places (n int, name text)",
    """
    create function bench_codes(tenant int, said text) returns int[] language sql immutable as $$
        select array_agg(case when c > 2147483647 then c - 4294967296 else c end)::int[]
        from (select distinct crc32(int4send(tenant) || convert_to(substr(said, i, 2), 'UTF8')) c
            from generate_series(1, length(said) - 1) i) pairs
    $$
    """,
    "create unlogged table bench_texts (n int, subject text, body text, words_1 text,"
    " words_2 text, codes int[])",
    """
    create unlogged table bench_cases (
        n int, id uuid, event_id uuid, number text, at timestamptz, seed int, place text,
        house int, room int, many int, state text, stage text, handler text, claimed boolean,
        due_at timestamptz, paused boolean, grade text, secret boolean, reviews int,
        channel int, closed_at timestamptz, last_at timestamptz)
    """,
    """
    create unlogged table bench_messages (
        case_id uuid, id uuid, event_id uuid, k int, at timestamptz, channel text,
        channel_id uuid, subject text, body text)
    """,
)
"""Tables of our own, dropped at the end."""

_TEXTS = """
    insert into bench_texts
    select n, subject, body, words_1, words_2,
        bench_codes(%(tenant)s, words_1) || bench_codes(%(tenant)s, words_2)
    from bench_seeds
"""
_CASES = """
    insert into bench_cases
    select drawn.n, uuidv7(at - clock_timestamp()), uuidv7(at - clock_timestamp()),
        %(code)s || '-' || to_char(at at time zone 'Asia/Shanghai', 'YYYYMMDD') || '-'
            || lpad((drawn.n %% 100000)::text, 5, '0') || case when drawn.n < 100000 then '' else
            'x' || drawn.n / 100000 end,
        at, (r1 * s.many)::int %% s.many,
        p.name || q.name, 1 + (r2 * 98)::int, 1 + (r3 * 998)::int,
        case when drawn.n in (777, 778) then %(large)s when r4 < 0.66 then 1 when r4 < 0.84 then 2
            else 3 end,
        case when r5 < 0.04 and drawn.n not in (777, 778) then 'merged' else 'open' end,
        case when r5 >= 0.34 then 'closed' when r6 < 0.10 then 'received'
            when r6 < 0.25 then 'assigned' when r6 < 0.75 then 'handling'
            when r6 < 0.85 then 'reviewing' when r6 < 0.90 then 'replied' else 'callback' end,
        case when r5 < 0.34 and r6 < 0.10 then ''
            else 'officer' || lpad(floor(r7 * r7 * %(officers)s)::text, 2, '0') end,
        r5 >= 0.34 or r6 >= 0.18,
        case when r8 < 0.05 then null when r8 < 0.13 then now() - r9 * interval '60 days'
            when r8 < 0.17 then date_trunc('day', now()) + r9 * interval '16 hours'
            else now() + r9 * interval '20 days' end,
        r5 < 0.34 and r10 < 0.04,
        case when r11 < 0.05 then 'urgent' when r11 < 0.85 then 'ordinary' else 'complex' end,
        r12 < 0.001, case when r5 between 0.04 and 0.34 and r13 < 0.02 then 1 else 0 end,
        (r14 * 2.99)::int %% 3,
        case when r5 >= 0.34 then least(at + r9 * interval '15 days', now()) end, at
    from (select n, now() - (1 - n / %(cases)s::float8) * interval '1095 days'
                - interval '1 minute' as at,
            random() r1, random() r2, random() r3, random() r4, random() r5, random() r6,
            random() r7, random() r8, random() r9, random() r10, random() r11, random() r12,
            random() r13, random() r14, (random() * 15)::int p1, (random() * 15)::int p2
        from generate_series(1, %(cases)s) n) drawn
    join bench_places p on p.n = p1 join bench_places q on q.n = p2
    cross join (select count(*)::int as many from bench_seeds) s
"""
_MESSAGES = """
    insert into bench_messages
    select c.id, uuidv7(c.at - clock_timestamp()), uuidv7(c.at - clock_timestamp()), k,
        c.at + (k - 1) * interval '1 hour', h.code, h.id,
        c.place || c.house || '号：' || t.subject, c.place || c.room || '室反映，' || t.body
    from bench_cases c cross join lateral generate_series(1, c.many) k
    join bench_texts t on t.n = c.seed
    join channels h on h.tenant_id = %(tenant)s
        and h.code = (array['hotline_12345', 'mailbox', 'leaders_board'])[1 + (c.channel + k) %% 3]
"""
_CASE_ROWS = """
    insert into cases (tenant_id, id, number, subject, state, merged_into, region, message_count,
        origins, channels, reviews, secret, opened_at, last_at, stage, grade, due_at, paused, unit,
        handler, reply_state, closed_at)
    select %(tenant)s, c.id, c.number, m.subject, c.state,
        case when c.state = 'merged' then (select id from bench_cases where n = 777) end,
        '', c.many, m.counts, m.counts, c.reviews, c.secret, c.at, m.last_at, c.stage, c.grade,
        c.due_at, c.paused, '', c.handler,
        case when c.closed_at is null then 'none' else 'delivered' end, c.closed_at
    from bench_cases c join (
        select case_id, min(subject) as subject, max(top) as last_at,
            jsonb_object_agg(channel, many) as counts
        from (select case_id, channel, min(subject) as subject, max(at) as top, count(*) as many
            from bench_messages group by case_id, channel) each group by case_id
    ) m on m.case_id = c.id
"""
_SEARCH_ROWS = """
    insert into case_search (tenant_id, case_id, last_at, codes, words, secret)
    select %(tenant)s, c.id, k.last_at,
        t.codes || bench_codes(%(tenant)s, place || house || '号:' || left(t.words_1, 1)) ||
            bench_codes(%(tenant)s, right(t.words_1, 1) || place || room || '室反映,'
                || left(t.words_2, 1)),
        place || house || '号:' || t.words_1 || place || room || '室反映,' || t.words_2, c.secret
    from bench_cases c join bench_texts t on t.n = c.seed
    join cases k on k.tenant_id = %(tenant)s and k.id = c.id
    where c.state = 'open'
"""
_MESSAGE_ROWS = """
    insert into messages (tenant_id, id, channel_id, inbox_id, plugin, external_id, subject, body,
        original, received_at, region, addressee, kind, citizen, phone_ix, email_ix, name_ix,
        phone_part_ix, surname_ix, details, created_at)
    select %(tenant)s, id, channel_id, gen_random_uuid(), channel, 'X' || id, subject, body,
        convert_to(body, 'UTF8'), at, '', '12345', '求助',
        decode(md5(id::text) || md5(case_id::text) || md5(subject), 'hex'),
        decode(md5('phone' || (random() * 400000)::int), 'hex'), '',
        decode(md5('name' || (random() * 100000)::int), 'hex'),
        decode(left(md5((random() * 9999)::int::text), 8), 'hex'),
        decode(left(md5((random() * 300)::int::text), 8), 'hex'), '{}', at
    from bench_messages
"""
_PLACE_ROWS = """
    insert into case_messages (tenant_id, message_id, case_id, home_id, via_id, event_id, score,
        reasons, algorithm, joined_by, joined_at)
    select %(tenant)s, id, case_id, case_id,
        case when k > 1 then first_value(id) over (partition by case_id order by k) end, event_id,
        case when k > 1 then 0.93 end,
        case when k > 1 then '[{"code": "text", "weight": 1.5, "values": {}}]'::jsonb
            else '[]'::jsonb end,
        'levels:3', 'system', at
    from bench_messages
"""
_HANDLING_ROWS = """
    insert into case_handling (tenant_id, case_id, flow_id, step, step_at, liaison, claim_until,
        claimed_at, handled_by, filed_at, extended_days, exempt, outcome, settled_at, version)
    select %(tenant)s, c.id, f.id, f.steps -> 0 ->> 'code', c.at, 'officer00', null,
        case when c.claimed then c.at + interval '1 hour' end,
        case when c.claimed then array[c.handler] else '{}'::text[] end, c.at, 0, '{}', '', c.at, 1
    from bench_cases c, (select id, steps from flows where tenant_id = %(tenant)s limit 1) f
"""
_EVENT_ROWS = """
    insert into case_events (tenant_id, id, case_id, kind, at, actor, data)
    select %(tenant)s, event_id, case_id, case when k = 1 then 'opened' else 'joined' end, at,
        'system', jsonb_build_object('message', id) from bench_messages
"""
_CLAIM_ROWS = """
    insert into case_events (tenant_id, id, case_id, kind, at, actor, data)
    select %(tenant)s, event_id, id, 'claim', at + interval '1 hour', 'user:' || handler,
        jsonb_build_object('person', handler, 'unit', '') from bench_cases where claimed
"""
_FINDING_ROWS = """
    insert into findings (tenant_id, id, message_id, other_id, decision, score, reasons, algorithm,
        state, found_at)
    select %(tenant)s, gen_random_uuid(), mine, theirs, 'review', 0.7,
        '[{"code": "text", "weight": 1.5, "values": {}}]', 'levels:3', 'open', at
    from (select m.id as mine, lead(m.id) over (order by c.n) as theirs, c.at,
            row_number() over (order by c.n) as turn
        from bench_cases c join bench_messages m on m.case_id = c.id and m.k = 1
        where c.reviews > 0) pairs
    where turn %% 2 = 1 and theirs is not null
"""
ROWS = (
    "truncate bench_texts, bench_cases, bench_messages",
    _TEXTS, _CASES, _MESSAGES, "analyze bench_cases", "analyze bench_messages",
    _CASE_ROWS, _SEARCH_ROWS, _MESSAGE_ROWS, _PLACE_ROWS, _HANDLING_ROWS, _EVENT_ROWS, _CLAIM_ROWS,
    _FINDING_ROWS,
)  # fmt: skip
"""What is run for each office, in this order."""

TIDY = (
    "drop table bench_texts, bench_cases, bench_messages, bench_seeds, bench_places",
    "drop function bench_codes",
)
