"""The statements that keep an e-mail platform's campaigns, flows and days. Rows come as one JSON document a page."""

from __future__ import annotations

import sqlalchemy as sa

ACCOUNT = sa.text("""
insert into email_account (store_id, channel, account_id, name, currency, time_zone, read_at)
select :store, :channel, r.account_id, r.name, r.currency, r.time_zone, :read_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r (account_id text, name text, currency text, time_zone text)
on conflict (store_id, channel, account_id) do update set
    name = excluded.name, currency = excluded.currency, time_zone = excluded.time_zone, read_at = excluded.read_at
""")

# a campaign comes by its messages, perhaps on several pages: it was sent when the first of them was
PROGRAMS = sa.text("""
insert into email_program as p (store_id, channel, account_id, sort, platform_id, name, status, trigger, kind, kind_set,
                                sent_at, read_at)
select :store, :channel, :account, :sort, r.platform_id, r.name, r.status, r.trigger, r.kind, false, r.sent_at, :read_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r (platform_id text, name text, status text, trigger text, kind text,
     sent_at timestamptz)
on conflict (store_id, channel, account_id, sort, platform_id) do update set
    name = excluded.name, status = excluded.status, trigger = excluded.trigger,
    kind = case when p.kind_set then p.kind else excluded.kind end,
    sent_at = case when p.read_at = excluded.read_at then least(p.sent_at, excluded.sent_at) else excluded.sent_at end,
    read_at = excluded.read_at
""")

NOT_LISTED = sa.text("""
update email_program set status = 'not_listed'
where store_id = :store and channel = :channel and sort = :sort and read_at < :read_at
""")

_FIGURES = """recipients int, delivered int, unique_opens int, unique_clicks int, unsubscribes int,
     reported_orders int, reported_revenue numeric"""
_UPSERT = """
on conflict (store_id, day, program_id, message_id) do update set
    currency = excluded.currency, recipients = excluded.recipients, delivered = excluded.delivered,
    unique_opens = excluded.unique_opens, unique_clicks = excluded.unique_clicks,
    unsubscribes = excluded.unsubscribes, reported_orders = excluded.reported_orders,
    reported_revenue = excluded.reported_revenue, read_at = excluded.read_at
"""
_COLUMNS = """store_id, day, program_id, message_id, currency, recipients, delivered, unique_opens, unique_clicks,
                       unsubscribes, reported_orders, reported_revenue, read_at"""
_VALUES = """r.message, :currency, r.recipients, r.delivered, r.unique_opens, r.unique_clicks, r.unsubscribes,
       r.reported_orders, r.reported_revenue, :read_at"""

CAMPAIGN_DAYS = sa.text(f"""
insert into email_day ({_COLUMNS})
select :store, cast(p.sent_at at time zone :time_zone as date), p.program_id, {_VALUES}
from jsonb_to_recordset(cast(:rows as jsonb)) as r (program text, message text, {_FIGURES})
join email_program p on p.store_id = :store and p.channel = :channel and p.account_id = :account
                    and p.sort = 'campaign' and p.platform_id = r.program and p.sent_at is not null
{_UPSERT}""")  # noqa: S608  # no values in it

# days may name flows that the list leaves out
FLOWS_OF_DAYS = sa.text("""
insert into email_program (store_id, channel, account_id, sort, platform_id, name, status, trigger, kind, kind_set,
                           read_at)
select distinct on (r.program) :store, :channel, :account, 'flow', r.program, 'Flow ' || r.program, 'not_listed', '',
       'other', false, cast(:read_at as timestamptz)
from jsonb_to_recordset(cast(:rows as jsonb)) as r (program text)
on conflict (store_id, channel, account_id, sort, platform_id) do nothing
""")

FLOW_DAYS = sa.text(f"""
insert into email_day ({_COLUMNS})
select :store, r.day, p.program_id, {_VALUES}
from jsonb_to_recordset(cast(:rows as jsonb)) as r (program text, message text, day date, {_FIGURES})
join email_program p on p.store_id = :store and p.channel = :channel and p.account_id = :account and p.sort = 'flow'
                    and p.platform_id = r.program
{_UPSERT}""")  # noqa: S608  # no values in it

# what a later report of the same days does not name any more has become nothing
GONE_DAYS = sa.text("""
delete from email_day d using email_program p
where d.store_id = :store and d.day between :first and :last and d.read_at < :read_at
  and p.store_id = d.store_id and p.program_id = d.program_id and p.channel = :channel
  and p.account_id = :account and p.sort = :sort
""")

SIGNUPS = sa.text("""
insert into email_signup_day (store_id, channel, account_id, day, list_name, signups, read_at)
select :store, :channel, :account, r.day, r.list, r.signups, :read_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r (day date, list text, signups int)
on conflict (store_id, channel, account_id, day, list_name) do update set
    signups = excluded.signups, read_at = excluded.read_at
""")

GONE_SIGNUPS = sa.text("""
delete from email_signup_day
where store_id = :store and channel = :channel and account_id = :account and day between :first and :last
  and read_at < :read_at
""")

# of people who are not customers of this store nothing is kept
PREDICTIONS = sa.text("""
insert into profile_prediction (store_id, email_hmac, currency, expected_clv, churn_probability, next_order_day,
                                read_at)
select :store, decode(r.email_hmac, 'hex'), :currency, r.expected_clv, r.churn_probability, r.next_order_day, :read_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r (email_hmac text, expected_clv numeric, churn_probability numeric,
     next_order_day date)
where exists (select from customer c where c.store_id = :store and c.email_hmac = decode(r.email_hmac, 'hex'))
on conflict (store_id, email_hmac) do update set
    currency = excluded.currency, expected_clv = excluded.expected_clv,
    churn_probability = excluded.churn_probability, next_order_day = excluded.next_order_day,
    read_at = excluded.read_at
""")

GONE_PREDICTIONS = sa.text("delete from profile_prediction where store_id = :store and read_at < :read_at")

RECIPIENTS = sa.text("""
select coalesce(sum(d.recipients), 0) from email_day d
join email_program p on p.store_id = d.store_id and p.program_id = d.program_id
where d.store_id = :store and d.day between :first and :last and p.channel = :channel and p.account_id = :account
""")
