"""The same change against the platform sandbox: its login, its ad account, its faults, other people's changes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlmodel import select

from clique_app import clock
from clique_app.actions import execute
from clique_app.connections import service as connections
from clique_app.connections.access import access
from clique_app.database import store_session
from clique_app.integrations.meta.channel import META
from clique_app.sync.ads_service import AdsSource
from clique_app.sync.source import Plan
from clique_app.tables import Campaign, Connection, Member, SyncCursor
from tests.conftest import TEST_SETTINGS, Sandbox
from tests.integration.stores import make_store, use_ad_account

OWNER = 11
BACK = f"{TEST_SETTINGS['SHOPIFY_APP_URL']}/auth/meta/callback"


@pytest.fixture
def store_id(app_env: None, sandbox: Sandbox) -> Iterator[int]:
    store_id = make_store("harbor-lane.myshopify.com")
    with httpx.Client(trust_env=False) as person:
        asked = person.post(META.dialog_url(state="s", redirect_uri=BACK), data={"choice": "continue"})
    code = parse_qs(urlsplit(asked.headers["location"]).query)["code"][0]
    grant = META.exchange(code=code, redirect_uri=BACK)
    account = META.accounts(grant.access_token)[0]
    now = clock.now()
    with store_session(store_id) as session:
        meta = Connection.model_validate(
            {
                "store_id": store_id,
                "channel": "meta",
                "state": "connected",
            }
        )
        connections.keep_grant(meta, grant)
        session.add(meta)
        use_ad_account(session, store_id, account.account_id, currency=account.currency, time_zone=account.time_zone)
        session.add(Member(store_id=store_id, user_id=OWNER, role="owner", first_seen_at=now, last_seen_at=now))
        session.add(SyncCursor(store_id=store_id, source="meta_ads", fresh_at=now))
    source, granted = AdsSource(META), access(store_id, "meta")
    for batch in source.batches(granted, Plan("first_import", first_day=clock.today(account.time_zone))):
        with store_session(store_id) as session:
            source.write(session, store_id, batch)
    yield store_id
    sandbox.control("DELETE", "faults")


def some_campaign(store_id: int) -> tuple[str, Decimal]:
    with store_session(store_id) as session:
        campaigns = session.exec(select(Campaign).where(Campaign.status == "active")).all()
        found = next(c for c in campaigns if c.daily_budget is not None and c.daily_budget > 7)
        assert found.daily_budget is not None
        return found.platform_id, found.daily_budget


def live(sandbox: Sandbox, campaign: str) -> Decimal:
    return Decimal(sandbox.control("GET", f"meta/objects/{campaign}")["daily_budget"])


def test_a_budget_is_changed_verified_and_restored(store_id: int, sandbox: Sandbox) -> None:
    campaign, before = some_campaign(store_id)
    after = round(before * Decimal("0.9"), 2)
    done = execute.change_budget(store_id, "meta", "campaign", campaign, after, OWNER)
    assert (done.state, live(sandbox, campaign)) == ("applied", after), done.note
    assert done.action_id is not None
    undone = execute.undo(store_id, done.action_id, OWNER)
    assert (undone.state, live(sandbox, campaign)) == ("applied", before), undone.note


def test_success_that_changes_nothing_is_reported(store_id: int, sandbox: Sandbox) -> None:
    campaign, before = some_campaign(store_id)
    sandbox.control("POST", "faults", json={"platform": "meta", "fault": "write_ok_no_change"})
    outcome = execute.change_budget(store_id, "meta", "campaign", campaign, round(before * Decimal("0.9"), 2), OWNER)
    assert (outcome.state, live(sandbox, campaign)) == ("not_applied", before)


def test_a_change_made_by_somebody_else_withdraws(store_id: int, sandbox: Sandbox) -> None:
    campaign, before = some_campaign(store_id)
    sandbox.control("POST", f"meta/objects/{campaign}", json={"daily_budget": str(before + 1)})
    outcome = execute.change_budget(store_id, "meta", "campaign", campaign, round(before * Decimal("0.9"), 2), OWNER)
    assert (outcome.state, live(sandbox, campaign)) == ("withdrawn", before + 1)
