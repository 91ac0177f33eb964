"""Exchange rates: read every hour and when an ad account in another currency appears; then figures follow."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import dramatiq

from clique_app import clock, live
from clique_app.database import store_session, system_session
from clique_app.errors import PlatformError
from clique_app.integrations.ecb import client as ecb
from clique_app.logs import log
from clique_app.sync import rates_service
from tasks.broker import SYNC

SURE = timedelta(days=14)  # days that are looked at again each time: a worker may have died before it converted them


@dramatiq.actor(queue_name=SYNC, max_retries=0)
def read_rates() -> None:
    """Read what is missing up to now and convert by it. Where the bank does not answer, the next hour asks again: what
    has no rate until then stays unknown."""
    with system_session() as session:
        needed = rates_service.needed(session)
    together: dict[date, list[str]] = defaultdict(list)
    for currency, first in needed.items():
        together[first].append(currency)
    today = clock.today("UTC")
    changed = [today - SURE]
    for first, currencies in together.items():
        try:
            rates = ecb.rates(currencies, first, today + timedelta(days=1))  # it is a day later elsewhere
        except PlatformError as error:
            log("rates").warning("rates_not_read", currencies=sorted(currencies), problem=error.message)
            continue
        with system_session() as session:
            changed += filter(None, [rates_service.keep(session, rates)])
        if lacking := set(currencies) - {rate.currency for rate in rates}:
            log("rates").info("rates_not_published", currencies=sorted(lacking), first=first.isoformat())
    with system_session() as session:
        stores = rates_service.converting(session)
    for store_id in stores:
        convert.send(store_id, min(changed).isoformat())


@dramatiq.actor(queue_name=SYNC)
def convert(store_id: int, since: str) -> None:
    """Give a store's ads the rates that are known by now; its figures follow."""
    with store_session(store_id) as session:
        changed = rates_service.convert(session, store_id, date.fromisoformat(since))
    if changed:
        log("rates").info("ads_converted", store_id=store_id, rows=changed)
        live.publish(store_id, "figures")
