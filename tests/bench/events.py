"""Page events over raw websockets: latency of one tab, what a web process bears, what a session costs."""

from __future__ import annotations

import asyncio
import time
from functools import cache

import aiohttp

from tests.bench.figure import Figure, Result, percentile
from tests.bench.place import Place
from tests.bench.tab import Tab

LIMIT_MS = 50.0
STEPS = (50, 100, 200, 300, 400, 500, 600, 800)


async def _open(http: aiohttp.ClientSession, place: Place, user: int) -> Tab:
    tab = Tab(http, place.demo.app_url)
    await tab.open(place.token(user))
    await tab.hears("home_state")
    return tab


@cache
def _event_name() -> str:
    """A handler of every page that changes one text and reads nothing."""
    from reflex_base.utils.format import format_event_handler

    from clique_app.components.session import PageState

    return format_event_handler(PageState.event_handlers["show_problem"])


async def _ask(tab: Tab, number: int) -> float:
    """Milliseconds until the page knows what the event changed."""
    started = time.perf_counter()
    await tab.say(_event_name(), {"message": f"bench {number}."})
    await tab.hears(f"bench {number}.")
    return (time.perf_counter() - started) * 1000


async def _offered(tabs: list[Tab], rate: float, seconds: float) -> list[float]:
    """Latencies of events offered at a fixed rate, evenly over the tabs; a late answer delays no other tab's ask."""
    pause, begun = len(tabs) / rate, time.perf_counter()

    async def one(index: int, tab: Tab) -> list[float]:
        due, found, number = begun + pause * index / len(tabs), [], 0
        while due < begun + seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            number += 1
            await _ask(tab, number)
            found.append((time.perf_counter() - due) * 1000)  # from when it was due: queueing counts
            due += pause
        return found

    return [ms for part in await asyncio.gather(*(one(i, tab) for i, tab in enumerate(tabs))) for ms in part]


async def _measure(place: Place) -> Result:
    _event_name()  # imports the pages, which is no part of any latency
    web = place.restart("web")
    sessions, seconds, alone = (40, 3, 60) if place.quick else (120, 6, 300)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        tabs = [await _open(http, place, 90_000 + n) for n in range(10)]
        await asyncio.sleep(2)
        before = place.pss_mb(web)
        tabs += [await _open(http, place, 91_000 + n) for n in range(sessions)]
        await asyncio.sleep(2)
        after = place.pss_mb(web)
        single = []
        for number in range(alone):
            single.append(await _ask(tabs[0], number))
            await asyncio.sleep(0.06)  # the guard lets one tab send 20 a second
        steps: dict[int, list[float]] = {}
        best = 0.0
        for rate in STEPS:
            await asyncio.sleep(0.5)
            begun = time.perf_counter()
            steps[rate] = await _offered(tabs, rate, seconds)
            done = len(steps[rate]) / max(seconds, time.perf_counter() - begun)
            if percentile(steps[rate], 0.95) > LIMIT_MS:
                break
            best = done
        for tab in tabs:
            await tab.close()
    session_kb = (after - before) * 1024 / sessions
    return Result(
        [
            Figure("event_p95_ms", percentile(single, 0.95), "ms"),
            Figure("events_per_s", best, "1/s"),
            Figure("session_kb", session_kb, "KB"),
        ],
        {"one_tab_ms": single, "by_offered_rate_ms": steps, "pss_mb": [before, after], "sessions": sessions},
        f"{len(tabs)} open Home pages of {place.data}; one web process; clients on the same machine",
        notes=[
            f"{rate}/s offered: p50 {percentile(ms, 0.5):.1f}, p95 {percentile(ms, 0.95):.1f} ms"
            for rate, ms in steps.items()
        ],
    )


def run(place: Place) -> Result:
    return asyncio.run(_measure(place))
