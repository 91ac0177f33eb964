"""googleAds:search: a query's rows, grouped by what it selects, page by page."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from zoneinfo import ZoneInfo

from clique_app.sandbox.google import fields, gaql
from clique_app.sandbox.google.errors import AdsError, unknown_name
from clique_app.sandbox.google.fields import FIELDS, REPORT_RESOURCES, Scene
from clique_app.sandbox.google.gaql import Query
from clique_app.sandbox.google.rows import FIGURES, REPORTS, Asked, Row, geo_targets
from clique_app.sandbox.records import AdAccount
from clique_app.sandbox.world import World

PAGE_ROWS = 10_000  # Google's own
KEPT_ANSWERS = 16
BODY = frozenset(("query", "pageToken", "validateOnly", "searchSettings"))


class Search:
    """Answers queries; later pages see the very rows of the first."""

    def __init__(self, world: World, scene: Scene) -> None:
        self._world, self._scene = world, scene
        self._kept: dict[str, list[dict[str, Any]]] = {}
        self._seen_places: set[tuple[str, str]] = set()
        self.page_rows = PAGE_ROWS

    def page(self, account: AdAccount, clients: list[AdAccount], body: dict[str, Any]) -> dict[str, Any]:
        """One page; AdsError where Google would refuse."""
        if "pageSize" in body:
            raise AdsError(400, "requestError", "PAGE_SIZE_NOT_SUPPORTED", "Setting the page size is not supported.")
        if unknown := [name for name in body if name not in BODY]:
            raise unknown_name(unknown[0])
        text = str(body.get("query") or "")
        today = self._world.now().astimezone(ZoneInfo(account.time_zone)).date()
        query = gaql.parse(text, today)
        key = self.key_of(account, text)
        start = 0
        if token := body.get("pageToken"):
            start = _start_of(str(token), key)
        else:
            self._kept.pop(key, None)
            self._kept[key] = self._answer(account, clients, query)
            while len(self._kept) > KEPT_ANSWERS:
                self._kept.pop(next(iter(self._kept)))
        if key not in self._kept:
            raise AdsError(400, "requestError", "EXPIRED_PAGE_TOKEN", "Page token has expired.")
        rows = self._kept[key]
        answer: dict[str, Any] = {"fieldMask": ",".join(_mask(name) for name in query.select)}
        if part := rows[start : start + self.page_rows]:
            answer["results"] = part
        if start + self.page_rows < len(rows):
            answer["nextPageToken"] = token_of(key, start + self.page_rows)
        return answer

    def key_of(self, account: AdAccount, text: str) -> str:
        """Under which an answer is kept."""
        return hashlib.sha256(f"{account.account_id}/{text}".encode()).hexdigest()[:16]

    def _answer(self, account: AdAccount, clients: list[AdAccount], query: Query) -> list[dict[str, Any]]:
        if query.resource == "geo_target_constant":
            rows = self._geo_targets(query)
        elif query.resource == "customer_client":
            rows = [_client(one, account, self._scene) for one in (account, *clients)]
            rows = [row for row in rows if _holds(query, row)]
            rows = [fields.nested({name: row[name] for name in query.select}) for row in rows]
        else:
            fields.check(query)
            rows = self._report(account, query)
        return rows[: query.limit] if query.limit is not None else rows

    def _report(self, account: AdAccount, query: Query) -> list[dict[str, Any]]:
        now = self._world.now()
        first, last = query.span(now.astimezone(ZoneInfo(account.time_zone)).date())
        measured = any(name.startswith(("metrics.", "segments.")) for name in query.fields)
        by_category = "segments.conversion_action_category" in query.fields
        asked = Asked(self._world.ads, account, first, last, now, measured, by_category)
        on_rows = [one for one in query.where if not one.field.startswith("metrics.") and one.field != "segments.date"]
        attributes = [name for name in query.select if not name.startswith("metrics.")]
        groups: dict[str, tuple[Row, dict[str, float]]] = {}
        for row in REPORTS[query.resource](asked):
            if row.place[0]:
                self._seen_places.add(row.place)
            if not all(one.holds(FIELDS[one.field](self._scene, row)) for one in on_rows):
                continue
            key = json.dumps([FIELDS[name](self._scene, row) for name in attributes])
            _, sums = groups.setdefault(key, (row, dict.fromkeys(FIGURES, 0)))
            for name, value in row.figures.items():
                sums[name] += value
        return [
            self._row(query, row, sums)
            for row, sums in groups.values()
            if _figures_hold(query, sums) and (not measured or query.resource == "customer" or any(sums.values()))
        ]

    def _row(self, query: Query, row: Row, sums: dict[str, float]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for head in REPORT_RESOURCES[query.resource]:
            if head == query.resource or any(name.startswith(f"{head}.") for name in query.select):
                values[f"{head}.resource_name"] = fields.resource_name(self._scene, head, row)
        for name in query.select:
            head, _, figure = name.partition(".")
            values[name] = sums[figure] if head == "metrics" else FIELDS[name](self._scene, row)
        return fields.nested(values)

    def _geo_targets(self, query: Query) -> list[dict[str, Any]]:
        rows = [
            {
                "geo_target_constant.resource_name": f"geoTargetConstants/{number}",
                "geo_target_constant.id": number,
                "geo_target_constant.name": name,
                "geo_target_constant.country_code": country,
            }
            for number, (country, name) in geo_targets(self._seen_places).items()
        ]
        return [fields.nested({name: row[name] for name in query.select}) for row in rows if _holds(query, row)]


def token_of(key: str, start: int) -> str:
    return base64.urlsafe_b64encode(f"{key}:{start}".encode()).decode()


def _start_of(token: str, key: str) -> int:
    try:
        of, _, start = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if of == key:
            return int(start)
    except ValueError:
        pass
    raise AdsError(400, "requestError", "INVALID_PAGE_TOKEN", "Page token is invalid.")


def _client(account: AdAccount, manager: AdAccount, scene: Scene) -> dict[str, Any]:
    return {
        "customer_client.resource_name": f"customers/{manager.account_id}/customerClients/{account.account_id}",
        "customer_client.id": int(account.account_id),
        "customer_client.descriptive_name": account.name,
        "customer_client.currency_code": account.currency,
        "customer_client.time_zone": account.time_zone,
        "customer_client.manager": account.account_id in scene.managers,
        "customer_client.status": "ENABLED",
        "customer_client.level": 0 if account is manager else 1,
    }


def _holds(query: Query, row: dict[str, Any]) -> bool:
    if unknown := sorted(query.fields - row.keys()):
        raise AdsError(400, "queryError", "UNRECOGNIZED_FIELD", f"Unrecognized field in the query: '{unknown[0]}'.")
    return all(one.holds(row[one.field]) for one in query.where)


def _figures_hold(query: Query, sums: dict[str, float]) -> bool:
    return all(one.holds(sums[one.field[8:]]) for one in query.where if one.field.startswith("metrics."))


def _mask(name: str) -> str:
    return ".".join(fields.camel(part) for part in name.split("."))
