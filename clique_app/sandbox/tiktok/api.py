"""The Business API: who may call, lists and reports by page, and the writes."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from clique_app.sandbox.faults import Faults
from clique_app.sandbox.records import AdAccount
from clique_app.sandbox.tiktok import objects, places, reports
from clique_app.sandbox.tiktok.errors import ApiError, bad_param, no_permission
from clique_app.sandbox.tiktok.objects import FIELDS, id_of
from clique_app.sandbox.tiktok.tokens import SCOPES, Token, Tokens
from clique_app.sandbox.world import World

Row = dict[str, Any]
USUAL_PAGE, LARGEST_PAGE = 10, 1000
SMALLEST_BUDGET = {"campaign": 50, "adgroup": 20}
OPERATIONS = {"ENABLE": "ACTIVE", "DISABLE": "PAUSED", "DELETE": "DELETED"}
LIST_PARAMS = {"advertiser_id", "fields", "filtering", "page", "page_size"}
REPORT_PARAMS = {"advertiser_id", "service_type", "report_type", "data_level", "dimensions", "metrics", "start_date",
                 "end_date", "filtering", "query_mode", "page", "page_size"}  # fmt: skip
REGION_PARAMS = {"advertiser_id", "placements", "objective_type", "level_range"}
KEPT_REPORTS = 8


@dataclass(frozen=True)
class Call:
    """One request, its parameters read from the query (JSON inside) or from the body."""

    method: str
    path: str  # campaign/get
    params: Row
    token: str | None


class Api:
    """Answers calls."""

    def __init__(self, world: World, faults: Faults, tokens: Tokens) -> None:
        self._world, self._faults, self._tokens = world, faults, tokens
        self._kept: dict[str, list[Row]] = {}

    def answer(self, call: Call) -> Row:
        """The data of the answer; ApiError where TikTok would refuse."""
        self._world.advance()
        if call.path == "oauth2/access_token":
            return self._redeem(call)
        token = self._tokens.check(call.token)
        if call.path == "oauth2/advertiser/get":
            self._tokens.check_app(call.params.get("app_id"), call.params.get("secret"))
            accounts = self._world.ads.accounts
            rows = [{"advertiser_id": one, "advertiser_name": accounts[one].name} for one in token.advertisers]
            return {"list": rows}
        if call.path == "advertiser/info":
            return self._info(call, token)
        account = self._account(call, token)
        noun, _, rest = call.path.partition("/")
        if call.method == "GET":
            return self._read(call, account, noun, rest)
        if noun in FIELDS and rest == "status/update":
            return self._set_status(call, account, noun)
        if noun in SMALLEST_BUDGET and rest == "update":
            return self._set_budget(call, account, noun)
        raise ApiError(40006, "The requested API does not exist.")

    def _read(self, call: Call, account: AdAccount, noun: str, rest: str) -> Row:
        if noun in FIELDS and rest == "get":
            return self._page(call, self._list(call, account, noun))
        if call.path == "report/integrated/get":
            return self._page(call, self._report(call, account))
        if call.path == "tool/region":
            _known(call, REGION_PARAMS)
            return {"region_info": places.listed()}
        if call.path == "file/video/ad/info":
            _known(call, {"advertiser_id", "video_ids"})
            return {"list": [_video(one) for one in call.params["video_ids"][:60]]}
        raise ApiError(40006, "The requested API does not exist.")

    def _redeem(self, call: Call) -> Row:
        self._tokens.check_app(call.params.get("app_id"), call.params.get("secret"))
        text, token = self._tokens.redeem(str(call.params.get("auth_code", "")))
        return {"access_token": text, "advertiser_ids": token.advertisers, "scope": SCOPES}

    def _info(self, call: Call, token: Token) -> Row:
        found: list[Row] = []
        for one in call.params.get("advertiser_ids") or ():
            if one not in token.advertisers:
                raise no_permission(one)
            account = self._world.ads.accounts[one]
            shift = datetime.now(ZoneInfo(account.time_zone)).utcoffset()
            hours = round((shift.total_seconds() if shift else 0) / 3600)
            known = {
                "advertiser_id": one,
                "name": account.name,
                "currency": account.currency,
                "timezone": f"Etc/GMT{-hours:+d}",
                "display_timezone": account.time_zone,
                "status": "STATUS_ENABLE",
                "company": account.business_name,
            }
            wanted = call.params.get("fields") or list(known)
            if unknown := [name for name in wanted if name not in known]:
                raise bad_param(f"fields: Invalid value {unknown[0]}.")
            found.append({name: known[name] for name in wanted})
        return {"list": found}

    def _account(self, call: Call, token: Token) -> AdAccount:
        account_id = call.params.get("advertiser_id")
        if not isinstance(account_id, str):
            raise bad_param("advertiser_id: Missing data for required field.")
        if account_id not in token.advertisers:
            raise no_permission(account_id)
        return self._world.ads.accounts[account_id]

    def _list(self, call: Call, account: AdAccount, noun: str) -> list[Row]:
        _known(call, LIST_PARAMS)
        rules = call.params.get("filtering") or {}
        allowed = {"primary_status", *(f"{one}_ids" for one in FIELDS)}
        if unknown := [name for name in rules if name not in allowed]:
            raise bad_param(f"filtering.{unknown[0]}: Unknown field.")
        deleted = rules.get("primary_status") in ("STATUS_ALL", "STATUS_DELETE")
        platform, kept = self._world.ads, []
        for node in objects.of_account(platform, noun, account.account_id):
            whole = objects.read(platform, noun, node, None)
            asked = [(f"{one}_id", rules[f"{one}_ids"]) for one in FIELDS if f"{one}_ids" in rules]
            if (deleted or node.status != "DELETED") and all(whole.get(name) in ids for name, ids in asked):
                kept.append(objects.read(platform, noun, node, call.params.get("fields")))
        return kept

    def _report(self, call: Call, account: AdAccount) -> list[Row]:
        """The rows of a report; later pages see the very rows of the first."""
        _known(call, REPORT_PARAMS)
        key = json.dumps(sorted((k, v) for k, v in call.params.items() if k != "page"))
        if call.params.get("page", 1) > 1 and key in self._kept:
            return self._kept[key]
        found = reports.rows(self._world.ads, account, reports.parse(call.params), self._world.now())
        self._kept.pop(key, None)
        self._kept[key] = found
        while len(self._kept) > KEPT_REPORTS:
            self._kept.pop(next(iter(self._kept)))
        return found

    def _page(self, call: Call, rows: list[Row]) -> Row:
        page, size = call.params.get("page", 1), call.params.get("page_size", USUAL_PAGE)
        if not isinstance(page, int) or page < 1 or not isinstance(size, int) or not 1 <= size <= LARGEST_PAGE:
            raise bad_param(f"page_size: Must be from 1 to {LARGEST_PAGE}.")
        shown = rows[(page - 1) * size : page * size]
        total = math.ceil(len(rows) / size)
        if self._faults.take("tiktok", "empty_page", path=call.path, method=call.method):
            shown, total = [], max(total, page + 1)
        kind = str(call.params.get("report_type", ""))
        if self._faults.take("tiktok", "rows_dropped", path=call.path, method=call.method, operation=kind):
            shown = shown[: len(shown) // 2]
        info = {"page": page, "page_size": size, "total_number": len(rows), "total_page": total}
        return {"list": shown, "page_info": info}

    # writing

    def _set_budget(self, call: Call, account: AdAccount, noun: str) -> Row:
        _known(call, {"advertiser_id", f"{noun}_id", "budget"})
        node = self._owned(account, noun, call.params.get(f"{noun}_id"))
        try:
            budget = Decimal(str(call.params["budget"]))
        except (KeyError, InvalidOperation):
            raise bad_param("budget: Not a valid number.") from None
        if node.daily_budget is None:
            raise bad_param("budget: The budget of this object is set on another level.")
        if budget != round(budget, 2) or budget < SMALLEST_BUDGET[noun]:
            raise bad_param(f"budget: Must be at least {SMALLEST_BUDGET[noun]}, with two decimals at most.")
        self._change(call, id_of(node), daily_budget=str(budget))
        return {f"{noun}_id": id_of(node)}

    def _set_status(self, call: Call, account: AdAccount, noun: str) -> Row:
        _known(call, {"advertiser_id", f"{noun}_ids", "operation_status"})
        status = OPERATIONS.get(str(call.params.get("operation_status")))
        if status is None:
            raise bad_param("operation_status: Must be one of ENABLE, DISABLE, DELETE.")
        nodes = [self._owned(account, noun, one) for one in call.params.get(f"{noun}_ids") or ()]
        for node in nodes:
            self._change(call, id_of(node), status=status)
        return {f"{noun}_ids": [id_of(node) for node in nodes], "status": call.params["operation_status"]}

    def _owned(self, account: AdAccount, noun: str, object_id: Any) -> Any:
        for node in objects.of_account(self._world.ads, noun, account.account_id):
            if id_of(node) == object_id and node.status != "DELETED":
                return node
        raise bad_param(f"{noun}_id: {object_id} does not exist in this advertiser.")

    def _change(self, call: Call, object_id: str, **change: str) -> None:
        if not self._faults.take("tiktok", "write_ok_no_change", object=object_id, path=call.path, method="POST"):
            self._world.update_ad_object(object_id, **change)


def _known(call: Call, names: set[str]) -> None:
    if unknown := [name for name in call.params if name not in names]:
        raise bad_param(f"{unknown[0]}: Unknown field.")


def _video(video_id: str) -> Row:
    return {
        "video_id": video_id,
        "video_cover_url": f"https://p16-sign.tiktokcdn.example/{video_id}.jpeg",
        "duration": 15.0,
    }
