"""The central bank's data API: reference rates of the euro by business day, the same for every world."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from clique_app.sandbox.config import App, Config
from clique_app.sandbox.ecb.fixings import CURRENCIES, fixing, is_fixed, last_published
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.world import World

HANG_SECONDS, LOOK_SECONDS = 120.0, 0.2
FIRST_DAY = date(1999, 1, 4)
HEAD = (
    "KEY", "FREQ", "CURRENCY", "CURRENCY_DENOM", "EXR_TYPE", "EXR_SUFFIX", "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS",
    "OBS_CONF", "OBS_PRE_BREAK", "OBS_COM", "TIME_FORMAT", "BREAKS", "COLLECTION", "COMPILING_ORG", "DISS_ORG",
    "DOM_SER_IDS", "PUBL_ECB", "PUBL_MU", "PUBL_PUBLIC", "UNIT_INDEX_BASE", "COMPILATION", "COVERAGE", "DECIMALS",
    "NAT_TITLE", "SOURCE_AGENCY", "SOURCE_PUB", "TITLE", "TITLE_COMPL", "UNIT", "UNIT_MULT",
)  # fmt: skip

Handler = Callable[[Request], Awaitable[Any]]


class Ecb:
    """The platform."""

    key = "ecb"
    advertised, arrivals = (), {}

    def __init__(self, world: World, faults: Faults, config: Config) -> None:
        self._world, self._faults = world, faults
        self._late: date | None = None  # a day whose rates, and those after it, are not out yet

    @staticmethod
    def environment(base_url: str, app: App) -> dict[str, str]:
        return {"ECB_BASE_URL": f"{base_url}/ecb"}

    def routes(self) -> list[BaseRoute]:
        """Everything under /ecb."""
        return [Route("/ecb/service/data/EXR/{key}", self._data, methods=["GET"])]

    async def run(self) -> None:
        """It does nothing by itself."""

    async def _data(self, request: Request) -> Response:
        match self._faults.take("ecb", "http_429", "5xx", "timeout", "truncated_page", path=request.url.path):
            case "http_429":
                return PlainTextResponse("Too Many Requests", 429, {"Retry-After": "30"})
            case "5xx":
                return PlainTextResponse("Service Unavailable", 503)
            case "timeout":
                await _gone(request)
                return PlainTextResponse("Gateway Timeout", 504)
            case "truncated_page":
                whole = self._answer(request)
                return Response(bytes(whole.body)[: len(whole.body) * 2 // 3], whole.status_code, media_type="text/csv")
            case _:
                return self._answer(request)

    def _answer(self, request: Request) -> Response:
        asked = request.query_params
        if asked.get("format") != "csvdata":
            return PlainTextResponse("Only csvdata is answered here.", 406)
        parts = request.path_params["key"].split(".")
        if len(parts) != 5:
            return PlainTextResponse("Not enough dimensions in the key.", 400)
        frequency, listed, base, kind, suffix = parts
        try:
            first = date.fromisoformat(asked.get("startPeriod", FIRST_DAY.isoformat()))
            last = date.fromisoformat(asked.get("endPeriod", date.max.isoformat()))
        except ValueError:
            return PlainTextResponse("A period is not understood.", 400)
        known = [one for one in CURRENCIES if one in listed.split("+") or not listed]
        if (frequency, base, kind, suffix) != ("D", "EUR", "SP00", "A") or not known:
            return PlainTextResponse("No results found.", 404)
        days = self._days(max(first, FIRST_DAY), last)
        rows = [_row(currency, day) for currency in known for day in days]
        return Response(_csv(rows) if rows else "", media_type="text/csv")

    def _days(self, first: date, last: date) -> list[date]:
        last = min(last, last_published(self._world.now()))
        if self._late:
            last = min(last, self._late - timedelta(days=1))
        span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return [day for day in span if is_fixed(day)]

    # what tests may do

    def control_handlers(self) -> list[tuple[str, str, Handler]]:
        """(path below /_control, method, handler)."""
        return [("/ecb/late", "POST", self._be_late), ("/ecb/rates", "GET", self._rates)]

    async def _be_late(self, request: Request) -> Any:
        """The rates from a day on come later than they should; null: they are out."""
        spec = await request.json()
        self._late = date.fromisoformat(spec["from"]) if spec["from"] else None
        return spec

    async def _rates(self, request: Request) -> Any:
        asked = request.query_params
        days = self._days(date.fromisoformat(asked["from"]), date.fromisoformat(asked["to"]))
        return {day.isoformat(): fixing(asked["currency"], day) for day in days}


def _row(currency: str, day: date) -> tuple[str, ...]:
    name, value = CURRENCIES[currency].name, fixing(currency, day)
    told = {
        "KEY": f"EXR.D.{currency}.EUR.SP00.A", "FREQ": "D", "CURRENCY": currency, "CURRENCY_DENOM": "EUR",
        "EXR_TYPE": "SP00", "EXR_SUFFIX": "A", "TIME_PERIOD": day.isoformat(), "OBS_VALUE": str(value),
        "OBS_STATUS": "A", "OBS_CONF": "F", "TIME_FORMAT": "P1D", "COLLECTION": "A", "DECIMALS": "4",
        "SOURCE_AGENCY": "4F0", "TITLE": f"{name}/Euro", "UNIT": currency, "UNIT_MULT": "0",
        "TITLE_COMPL": f"ECB reference exchange rate, {name}/Euro, 2:15 pm (C.E.T.)",
    }  # fmt: skip
    return tuple(told.get(column, "") for column in HEAD)


def _csv(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([HEAD, *rows])
    return text.getvalue()


async def _gone(request: Request) -> None:
    """Nothing is said until the caller gives up."""
    for _ in range(round(HANG_SECONDS / LOOK_SECONDS)):
        if await request.is_disconnected():
            return
        await asyncio.sleep(LOOK_SECONDS)
