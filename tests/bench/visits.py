"""The collector of visits in one web process, and the sessions of one day built again among ten million events."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

import psycopg

from clique_app.demo.folders import PROJECT
from tests.bench.figure import Figure, Result, percentile
from tests.bench.place import Place, web_process

CONNECTIONS = 32
EVENTS, DAYS = 10_000_000, 30
STORE = """
insert into store (shop_domain, name, currency, time_zone, country, installed_at, history_complete)
values ('visits.myshopify.com', '', 'USD', 'America/New_York', '', now(), false) returning store_id
"""
# ten events a visitor, a minute apart, some after a pause; what is viewed is sometimes bought
FILL = """
insert into page_event (store_id, visitor_id, event_id, kind, at, path, product_id, order_id, scroll_pct, channel,
                        source, medium, campaign, campaign_platform_id, ad_platform_id, click_id, referrer, consent)
select %(store)s, decode(md5((n / 10)::text), 'hex'), decode(md5('e' || n), 'hex'),
       (array['page_viewed', 'product_viewed', 'scrolled', 'page_viewed', 'product_viewed', 'product_added_to_cart',
              'page_viewed', 'cart_viewed', 'page_viewed', 'checkout_started'])[1 + n %% 10],
       timestamptz '2026-10-01 05:00Z' + (n / 10) * (%(days)s * interval '1 day' / %(visitors)s)
         + (n %% 10) * interval '1 minute' + case when n %% 10 > 6 then interval '1 hour' else interval '0' end,
       '/products/p' || n %% 97, n %% 97, null, case when n %% 10 = 2 then 75 end,
       case when n %% 10 = 0 then 'meta' end, '', '', '', null, null, null, '', 'analytics'
from generate_series(0, %(events)s - 1) n
"""
A_DAY_COMES = """
insert into visitor_waiting (store_id, visitor_id, at) select store_id, visitor_id, at from page_event
where at >= timestamptz '2026-10-02 04:00Z' and at < timestamptz '2026-10-03 04:00Z'
"""


def run(place: Place) -> Result:
    rounds, seconds = (1, 2.0) if place.quick else (3, 5.0)
    events = 200_000 if place.quick else EVENTS
    with place.scratch_database("clique_bench_visits") as environment:
        with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as connection:
            row = connection.execute(STORE).fetchone()
        assert row is not None
        collected = _collected(place, environment, row[0], rounds, seconds)
        begun = time.perf_counter()
        _fill(environment["DATABASE_URL"], row[0], events)
        filled = time.perf_counter() - begun
        rebuilt = _rebuilt(environment, row[0], 1 if place.quick else 3)
    rate = median(len(one["ms"]) / one["seconds"] for one in collected)
    return Result(
        [
            Figure("collector_events_per_s", rate, "1/s"),
            Figure("collector_p99_ms", median(percentile(one["ms"], 0.99) for one in collected), "ms"),
            Figure("sessions_day_rebuilt_s", median(one["seconds"] for one in rebuilt), "s"),
        ],
        {"collected": collected, "rebuilt": rebuilt, "fill_s": filled},
        f"one web process, {CONNECTIONS} keep-alive connections, a generator on the same machine; one day of {DAYS} "
        f"with {events:,} events, {rebuilt[0]['events']:,} of them on that day",
    )


def _collected(
    place: Place, environment: dict[str, str], store_id: int, rounds: int, seconds: float
) -> list[dict[str, Any]]:
    words = [sys.executable, "-c", f"from clique_app.connections.pixel_key import key_of; print(key_of({store_id}))"]
    key = subprocess.run(words, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True).stdout.strip()
    found: list[dict[str, Any]] = []
    # the generator has one address, which stands for all of a store's visitors
    asked = {**environment, "COLLECTOR_EVENTS_PER_SECOND": "1000000"}
    with web_process(place, asked, "clique_app.clique_app:app") as url:
        for length in (0.5, *[seconds] * rounds):
            words = [sys.executable, "-m", "tests.bench.beacon_load", url, key, str(CONNECTIONS), str(length)]
            done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=True)
            one = json.loads(done.stdout)
            assert set(one["answers"]) == {"204"}, one["answers"]
            found.append(one)
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        row = connection.execute("select count(*) from page_event").fetchone()
        assert row is not None
        assert row[0] >= sum(len(one["ms"]) for one in found), "answered, but not stored"
        connection.execute("truncate page_event, visitor_waiting")
    return found[1:]


def _fill(database_url: str, store_id: int, events: int) -> None:
    values = {"store": store_id, "events": events, "days": DAYS, "visitors": events // 10}
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(FILL, values)
        connection.execute("vacuum analyze page_event")


def _rebuilt(environment: dict[str, str], store_id: int, rounds: int) -> list[dict[str, Any]]:
    """In a process of its own, whose settings are of the scratch database."""
    program = f"from tests.bench.visits import rebuild; rebuild({store_id}, {rounds})"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def rebuild(store_id: int, rounds: int) -> None:
    """Prints, for each round, the seconds it took with its commits. The parts are built beside each other, as by the
    worker's threads."""
    from clique_app.database import store_session
    from clique_app.site.service import build_sessions
    from clique_app.site.sessions import PARTS

    def build(part: int) -> int:
        visitors = 0
        while True:
            with store_session(store_id) as session:
                built = build_sessions(session, store_id, part)
            assert built is not None
            if not built.visitors:
                return visitors
            visitors += built.visitors

    found: list[dict[str, Any]] = []
    for _ in range(rounds):
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            events = connection.execute(A_DAY_COMES).rowcount
            connection.execute("vacuum analyze visitor_waiting")
        begun = time.perf_counter()
        with ThreadPoolExecutor(PARTS) as threads:
            visitors = sum(threads.map(build, range(PARTS)))
        found.append({"seconds": time.perf_counter() - begun, "events": events, "visitors": visitors})
    print(json.dumps(found))
