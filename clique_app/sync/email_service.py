"""The source klaviyo_email: campaigns and flows with their days, sign-ups, and what Klaviyo expects of customers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from clique_app import clock
from clique_app.integrations.access import Access
from clique_app.integrations.klaviyo import reads
from clique_app.integrations.klaviyo.client import KlaviyoClient
from clique_app.integrations.klaviyo.reads import AccountFacts, Metrics, Rows
from clique_app.integrations.shopify.mapping import email_hmac
from clique_app.sync import email_sql, email_steps
from clique_app.sync.customers_service import email_key
from clique_app.sync.email_steps import Step
from clique_app.sync.reading import since as read_since
from clique_app.sync.source import Batch, Plan, Written

PROFILE_PAGES = 10  # written together: each writing looks through all customers
NO_DAY = "campaigns that do not say when they were sent"
NOT_CUSTOMERS = "profiles that are not customers of this store"
NO_PREDICTION = "profiles of which Klaviyo expects nothing yet"

Row = dict[str, Any]


class KlaviyoEmail:
    """An entry of SOURCES. A record of its batches is a page: what it is, and its rows."""

    key = "klaviyo_email"
    label = "Klaviyo e-mail"
    channel = "klaviyo"
    tables: tuple[str, ...] = ("email_program", "email_day", "email_signup_day", "profile_prediction")
    cadence = "Every 6 hours, last 30 days each time"
    stale_after = timedelta(hours=13)

    def batches(self, access: Access, plan: Plan) -> Iterator[Batch]:
        """Step by step from where an interrupted run was, a page at a time: of reports there are two a minute."""
        reading = _Reading(access, plan)
        while reading.step is not None:
            yield reading.next_batch()

    def write(self, session: Session, store_id: int, batch: Batch) -> Written:
        """Write one page."""
        read = written = 0
        skipped: dict[str, int] = {}
        for page in batch.records:
            values = self._values(store_id, page)
            for statement in BEFORE.get(page["what"], ()):
                _run(session, statement, values)
            rows = page["rows"]
            kept = _run(session, WRITES[page["what"]], values) if rows else 0
            for statement in AFTER.get(page["what"], ()) if page["ends"] else ():
                _run(session, statement, values)
            read, written = read + page["read"], written + kept
            why = NOT_CUSTOMERS if page["what"] == "predictions" else NO_DAY
            for reason, count in ((why, len(rows) - kept), (NO_PREDICTION, page["read"] - len(rows))):
                if count:
                    skipped[reason] = skipped.get(reason, 0) + count
        return Written(read, written, skipped)

    def source_count(self, access: Access, plan: Plan) -> int | None:
        """Recipients of the days that are over, as Klaviyo's own totals gave them in the course of the reading: each
        is one of two reports a minute."""
        return plan.position.get("recipients")

    def kept_count(self, session: Session, store_id: int, plan: Plan) -> int:
        """The recipients of all days that are here."""
        if "today" not in plan.position:
            return 0
        over = email_steps.ended(plan, date.fromisoformat(plan.position["today"]))
        values = {"store": store_id, "channel": self.channel, "account": plan.position["account"]}
        values |= {"first": over.first, "last": over.last}
        return int(session.connection().scalar(email_sql.RECIPIENTS, values) or 0)

    def _values(self, store_id: int, page: Row) -> Row:
        return {
            "store": store_id,
            "channel": self.channel,
            "account": page["account"],
            "sort": "campaign" if page["what"].startswith("campaign") else "flow",
            "currency": page["currency"],
            "time_zone": page["time_zone"],
            "read_at": datetime.fromisoformat(page["began"]),
            "first": page["first"],
            "last": page["last"],
            "rows": json.dumps(page["rows"]),
        }


@dataclass(frozen=True)
class _Read:
    """A page of one step: rows as the step's statement takes them."""

    rows: list[Row]
    after: str
    read: int  # how many records they were made of
    recipients: int = 0


class _Reading:
    """Where a plan's reading stands. All that a later process needs to go on is in the position."""

    def __init__(self, access: Access, plan: Plan) -> None:
        self._access, self._plan = access, plan
        self._account = reads.account(KlaviyoClient(access.token))
        self._asked = KlaviyoClient(access.token, self._account.account_id)
        today = clock.today(self._account.time_zone).isoformat()
        begun = {"step": 0, "after": "", "began": "", "today": today, "recipients": 0}
        self._position = {**begun, **plan.position, "account": self._account.account_id}
        self._steps = email_steps.steps(plan, date.fromisoformat(self._position["today"]))

    @property
    def step(self) -> Step | None:
        """The step to read next; None: there is none."""
        number = self._position["step"]
        return self._steps[number] if number < len(self._steps) else None

    def next_batch(self) -> Batch:
        """The next page of the present step, or the first of the next."""
        step, at = self.step, self._position
        assert step is not None
        began = at["began"] or clock.now().isoformat()
        first_of_all = at["step"] == 0 and not at["after"]
        page = self._read(step, at["after"])
        number = at["step"] if page.after else at["step"] + 1
        self._position = {
            **at,
            "step": number,
            "after": page.after,
            "began": began if page.after else "",
            "recipients": at["recipients"] + page.recipients,
            "share": round(number / len(self._steps), 4),
        }
        records = [self._page("account", [_facts(self._account)], began)] if first_of_all else []
        if not step.what.endswith("total"):
            records.append(self._page(step.what, page.rows, began, page.read, ends=not page.after, step=step))
        return Batch(records, self._position, _in_words(step))

    def _page(
        self, what: str, rows: list[Row], began: str, read: int = 1, *, ends: bool = True, step: Step | None = None
    ) -> Row:
        span = step.span if step else None
        whole = ends and (what != "predictions" or self._since is None)
        return {
            "what": what,
            "account": self._account.account_id,
            "rows": rows,
            "read": read,
            "ends": whole,  # after it, what was not named is known to be gone
            "began": began,
            "currency": self._account.currency,
            "time_zone": self._account.time_zone,
            "first": span.first if span else None,
            "last": span.last if span else None,
        }

    @property
    def _since(self) -> datetime | None:
        return read_since(self._plan)

    @cached_property
    def _metrics(self) -> Metrics:
        return reads.metrics(self._asked)

    def _read(self, step: Step, after: str) -> _Read:
        if step.what == "campaigns":
            return _merged(reads.campaigns(self._asked, after))
        if step.what == "flows":
            return _plain(reads.flows(self._asked, after))
        if step.what == "predictions":
            return self._predictions(after)
        assert step.span is not None
        asked, zone = (self._asked, self._metrics), self._account.time_zone
        span = (step.span.first, step.span.last, zone, after)
        if step.what == "signups":
            joined = asked[1].subscribed
            return _plain(reads.signups(asked[0], joined, *span)) if joined else _Read([], "", 0)
        if step.what == "campaign_days":
            return _plain(reads.campaign_values(asked[0], asked[1].placed_order, *span))
        if step.what == "flow_days":
            return _plain(reads.flow_series(asked[0], asked[1].placed_order, *span))
        sort = "campaign" if step.what == "campaign_total" else "flow"
        recipients, going_on = reads.recipients(asked[0], sort, asked[1].placed_order, *span)
        return _Read([], going_on, 0, recipients)

    def _predictions(self, after: str) -> _Read:
        key, rows, read = email_key(self._access.store_id), dict[str, Row](), 0
        for _ in range(PROFILE_PAGES):
            page, profiles = reads.predictions(self._asked, self._since, lambda email: email_hmac(email, key), after)
            rows |= {row["email_hmac"]: row for row in page.rows}
            read, after = read + profiles, page.after
            if not after:
                break
        return _Read(list(rows.values()), after, read)


WRITES = {
    "account": email_sql.ACCOUNT,
    "campaigns": email_sql.PROGRAMS,
    "flows": email_sql.PROGRAMS,
    "campaign_days": email_sql.CAMPAIGN_DAYS,
    "flow_days": email_sql.FLOW_DAYS,
    "signups": email_sql.SIGNUPS,
    "predictions": email_sql.PREDICTIONS,
}
BEFORE = {"flow_days": (email_sql.FLOWS_OF_DAYS,)}
AFTER = {
    "campaigns": (email_sql.NOT_LISTED,),
    "flows": (email_sql.NOT_LISTED,),
    "campaign_days": (email_sql.GONE_DAYS,),
    "flow_days": (email_sql.GONE_DAYS,),
    "signups": (email_sql.GONE_SIGNUPS,),
    "predictions": (email_sql.GONE_PREDICTIONS,),
}
LABELS: dict[str, str] = {
    "campaigns": "Campaigns",
    "flows": "Flows",
    "campaign_days": "Campaigns by day",
    "flow_days": "Flows by day",
    "campaign_total": "Comparing with Klaviyo’s totals",
    "flow_total": "Comparing with Klaviyo’s totals",
    "signups": "Sign-ups by day",
    "predictions": "Predictions",
}


def _facts(account: AccountFacts) -> Row:
    return {
        "account_id": account.account_id,
        "name": account.name,
        "currency": account.currency,
        "time_zone": account.time_zone,
    }


def _plain(page: Rows) -> _Read:
    return _Read(page.rows, page.after, len(page.rows))


def _merged(page: Rows) -> _Read:
    """A campaign that is there with several messages was sent when the first of them was."""
    found: dict[str, Row] = {}
    for row in page.rows:
        known = found.setdefault(row["platform_id"], row)
        known["sent_at"] = min(filter(None, (known["sent_at"], row["sent_at"])), default=None)
    return _Read(list(found.values()), page.after, len(found))


def _in_words(step: Step) -> str:
    label = LABELS[step.what]
    return f"{label}, {step.span.first:%-d %B %Y} to {step.span.last:%-d %B %Y}" if step.span else label


def _run(session: Session, statement: sa.TextClause, values: Row) -> int:
    named = statement.compile().params.keys()
    return session.connection().execute(statement, {name: values[name] for name in named}).rowcount
