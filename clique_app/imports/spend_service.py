"""A spend sheet into the ads' tables: a campaign with one ad for each campaign named, and its days."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlmodel import Session

from clique_app import clock
from clique_app.imports.definition import Done, Judged, Tell, counted, quietly, still_fits
from clique_app.imports.records import ParsedFile, Problem
from clique_app.sync.staging_service import cursor, stage
from clique_app.tables import Store
from clique_app.tables.ads import FILE_ACCOUNT

COLUMNS = (
    "line int", "day date", "channel text", "campaign text", "platform_id text", "spend numeric", "impressions int",
    "clicks int", "reported_conversions numeric", "reported_revenue numeric", "state text", "ad_id bigint",
)  # fmt: skip
SAMPLE = 10
STATES = {"new": "New", "replaced": "Will be replaced", "kept": "Already here"}
FACTS = "spend, impressions, clicks, reported_conversions, reported_revenue"
_OF_DAY = ", ".join(f"d.{name.strip()}" for name in FACTS.split(","))
_OF_FILE = ", ".join(f"f.{name.strip()}" for name in FACTS.split(","))

KNOW_ADS = """
update file_spend f set ad_id = a.ad_id from ad a
where a.store_id = %(store)s and a.channel = f.channel and a.platform_id = f.platform_id
"""
JUDGE = f"""
update file_spend f set state = case when ({_OF_DAY}) is distinct from ({_OF_FILE}) then 'replaced' else 'kept' end
from ad_day d where d.store_id = %(store)s and d.ad_id = f.ad_id and d.day = f.day
"""  # noqa: S608
READ_BY_PLATFORM = """
select f.line, f.channel from file_spend f
where exists (
  select from ad_day d join campaign c on c.store_id = d.store_id and c.campaign_id = d.campaign_id
  where d.store_id = %(store)s and d.channel = f.channel and d.day = f.day and c.account_id <> %(account)s
    and d.spend <> 0)
order by f.line
"""
CAMPAIGNS = """
insert into campaign (store_id, channel, platform_id, account_id, name, objective, status, effective_status, currency,
                      read_at)
select distinct %(store)s::bigint, channel, platform_id, %(account)s, campaign, '', 'archived', 'from_file',
       %(currency)s, %(now)s::timestamptz
from file_spend
on conflict (store_id, channel, platform_id) do nothing
"""
AD_GROUPS = """
insert into ad_group (store_id, channel, platform_id, campaign_id, name, status, effective_status, currency, targeting,
                      read_at)
select distinct %(store)s::bigint, c.channel, c.platform_id, c.campaign_id, c.name, c.status, c.effective_status,
       c.currency, '', c.read_at
from file_spend f join campaign c on c.store_id = %(store)s and c.channel = f.channel and c.platform_id = f.platform_id
on conflict (store_id, channel, platform_id) do nothing
"""
ADS = """
insert into ad (store_id, channel, platform_id, ad_group_id, campaign_id, name, status, effective_status, link_path,
                read_at)
select distinct %(store)s::bigint, g.channel, g.platform_id, g.ad_group_id, g.campaign_id, g.name, g.status,
       g.effective_status, '', g.read_at
from file_spend f join ad_group g on g.store_id = %(store)s and g.channel = f.channel and g.platform_id = f.platform_id
on conflict (store_id, channel, platform_id) do nothing
"""
DAYS = f"""
insert into ad_day (store_id, day, ad_id, channel, campaign_id, currency, {FACTS}, link_clicks, landing_page_views,
                    add_to_carts, checkouts, video_views, reach, read_at)
select %(store)s, f.day, f.ad_id, f.channel, a.campaign_id, %(currency)s, {_OF_FILE}, 0, 0, 0, 0, 0, 0, %(now)s
from file_spend f join ad a on a.store_id = %(store)s and a.ad_id = f.ad_id
where f.state <> 'kept'
on conflict (store_id, day, ad_id) do update set
  ({FACTS}, read_at) = ({", ".join(f"excluded.{name.strip()}" for name in FACTS.split(","))}, excluded.read_at)
"""  # noqa: S608
KEEP_ROWS = """
insert into imported_row (store_id, kind, row_id, day, file_id)
select %(store)s, 'ad_day', ad_id, day, %(file)s from file_spend where state <> 'kept'
on conflict (store_id, kind, row_id, day) do update set file_id = excluded.file_id
"""
REMOVE = """
delete from ad_day d using imported_row r
where r.store_id = %(store)s and r.file_id = %(file)s and r.kind = 'ad_day'
  and d.store_id = %(store)s and d.ad_id = r.row_id and d.day = r.day
"""
FROM_FILES = """
select 1 from campaign where store_id = %(store)s and channel = %(channel)s and account_id = %(account)s limit 1
"""
# From its first day with spend to its last a channel tells of itself: what files said of these days would count twice.
GIVE_WAY = """
with told as (
  select min(d.day) as first, max(d.day) as last
  from ad_day d join campaign c on c.store_id = d.store_id and c.campaign_id = d.campaign_id
  where d.store_id = %(store)s and d.channel = %(channel)s and c.account_id <> %(account)s and d.spend <> 0
), gone as (
  delete from ad_day d using campaign c, told
  where c.store_id = %(store)s and c.channel = %(channel)s and c.account_id = %(account)s
    and d.store_id = %(store)s and d.campaign_id = c.campaign_id and d.day between told.first and told.last
  returning d.ad_id, d.day
), theirs as (
  delete from imported_row r using gone
  where r.store_id = %(store)s and r.kind = 'ad_day' and r.row_id = gone.ad_id and r.day = gone.day
  returning r.file_id
)
update imported_file f
set counts = f.counts || jsonb_build_object('gave_way', coalesce((f.counts ->> 'gave_way')::int, 0) + of_file.days)
from (select file_id, count(*) as days from theirs group by 1) of_file
where f.store_id = %(store)s and f.file_id = of_file.file_id
"""
FORGET_CAMPAIGNS = """
delete from campaign c
where c.store_id = %(store)s and c.account_id = %(account)s
  and not exists (select from ad_day d where d.store_id = %(store)s and d.campaign_id = c.campaign_id)
returning c.campaign_id
"""
UNLINK = """
update credit set campaign_id = null, ad_id = null
where store_id = %(store)s and campaign_id = any(%(campaigns)s)
"""


class SpendSheet:
    """What a channel without a connection cost."""

    key = "spend"
    noun = "days of campaigns"
    replaces = "ad_day"

    def judge(self, session: Session, store_id: int, parsed: ParsedFile) -> Judged:
        store = session.get_one(Store, store_id)
        states = _stage(session, store_id, parsed)
        counts = Counter(states.values())
        return Judged(
            counts["new"],
            counts["replaced"],
            counts["kept"],
            min((one.day for one in parsed.spend), default=None),
            max((one.day for one in parsed.spend), default=None),
            sum((one.spend for one in parsed.spend), Decimal(0)),
            ("Line", "Day", "Channel", "Campaign", "Spend", "Impressions", "Clicks", "Here"),
            tuple(
                (
                    str(one.line), one.day.isoformat(), one.channel, one.campaign, f"{one.spend:,.2f}",
                    f"{one.impressions:,}", f"{one.clicks:,}", STATES[states[one.line]],
                )
                for one in parsed.spend[:SAMPLE]
            ),
            _problems(session, store, parsed),
            _notes(parsed),
        )  # fmt: skip

    def write(self, session: Session, store_id: int, file_id: int, parsed: ParsedFile, tell: Tell) -> Done:
        store = session.get_one(Store, store_id)
        states = _stage(session, store_id, parsed, tell)
        still_fits(_problems(session, store, parsed))
        values: dict[str, Any] = {
            "store": store_id,
            "file": file_id,
            "account": FILE_ACCOUNT,
            "currency": store.currency,
            "now": clock.now(),
        }
        with cursor(session) as run:
            for statement in (CAMPAIGNS, AD_GROUPS, ADS, KNOW_ADS, DAYS, KEEP_ROWS):
                run.execute(statement, values)
        counts = Counter(states.values())
        return Done({key: counts[key] for key in ("new", "replaced", "kept")})

    def remove(self, session: Session, store_id: int, file_id: int) -> Done:
        values: dict[str, Any] = {"store": store_id, "file": file_id, "account": FILE_ACCOUNT}
        with cursor(session) as run:
            removed = run.execute(REMOVE, values).rowcount
            _forget_campaigns(run, values)
        return Done({"removed": removed})


def give_way(session: Session, store_id: int, channel: str) -> None:
    """The channel was read: of the days it tells of itself, what files said of it goes. Link campaigns afterwards."""
    values: dict[str, Any] = {"store": store_id, "account": FILE_ACCOUNT, "channel": channel}
    with cursor(session) as run:
        if run.execute(FROM_FILES, values).fetchone() and run.execute(GIVE_WAY, values).rowcount:
            _forget_campaigns(run, values)


def _forget_campaigns(run: psycopg.Cursor, values: dict[str, Any]) -> None:
    """Campaigns of files of which no day is left."""
    campaigns = [one for (one,) in run.execute(FORGET_CAMPAIGNS, values).fetchall()]
    run.execute(UNLINK, {**values, "campaigns": campaigns})


def _stage(session: Session, store_id: int, parsed: ParsedFile, tell: Tell = quietly) -> dict[int, str]:
    rows = (
        (
            one.line, one.day, one.channel, one.campaign, f"file:{one.campaign}", one.spend, one.impressions,
            one.clicks, one.reported_conversions, one.reported_revenue, "new", None,
        )
        for one in counted(parsed.spend, tell)
    )  # fmt: skip
    stage(session, "file_spend", COLUMNS, rows)
    with cursor(session) as run:
        run.execute(KNOW_ADS, {"store": store_id})
        run.execute(JUDGE, {"store": store_id})
        return dict(run.execute("select line, state from file_spend").fetchall())


def _problems(session: Session, store: Store, parsed: ParsedFile) -> tuple[Problem, ...]:
    connected = {
        channel
        for (channel,) in session.execute(
            sa.text(
                "select channel from connection where store_id = :store and channel <> 'shopify'"
                " and state in ('connected', 'expired', 'revoked')"
            ),
            {"store": store.store_id},
        )
    }
    found: list[Problem] = []
    told: set[str] = set()
    for one in parsed.spend:
        if one.currency not in ("", store.currency):
            why = f"The spend is in {one.currency}, the store sells in {store.currency}. Convert it first."
            found.append(Problem(one.line, "Currency", why))
        if one.channel in connected and one.channel not in told:
            told.add(one.channel)
            why = f"{one.channel.title()} is connected and read from there. Remove its lines, or they count twice."
            found.append(Problem(one.line, "Channel", why))
    with cursor(session) as run:
        twice = run.execute(READ_BY_PLATFORM, {"store": store.store_id, "account": FILE_ACCOUNT}).fetchall()
    for line, channel in twice:
        if channel not in told:
            why = f"The spend of this day was read from {channel.title()}. Remove the line, or it counts twice."
            found.append(Problem(line, "Day", why))
    return tuple(found)


def _notes(parsed: ParsedFile) -> tuple[str, ...]:
    spent: Counter[str] = Counter()
    for one in parsed.spend:
        spent[one.channel] += one.spend  # pyright: ignore[reportArgumentType]
    return (f"By channel: {', '.join(f'{channel} {amount:,.2f}' for channel, amount in spent.most_common(10))}.",)
