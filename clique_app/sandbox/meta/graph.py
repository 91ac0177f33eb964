"""The Graph API: who may call, objects and their edges, pages, writes, and the rate-limit headers."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from clique_app.sandbox.ads import BudgetLevel
from clique_app.sandbox.config import Config
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.meta import fields, insights
from clique_app.sandbox.meta.errors import GraphError, bad_param, missing_permission, too_much_data, unknown_object
from clique_app.sandbox.meta.pushes import Pushes
from clique_app.sandbox.meta.reports import Reports
from clique_app.sandbox.meta.tokens import USER_ID, USER_NAME, Token, Tokens
from clique_app.sandbox.records import Ad, AdAccount, AdSet, Campaign
from clique_app.sandbox.world import World

DEFAULT_LIMIT, LARGEST_LIMIT = 25, 5000
MOST_ROWS_AT_ONCE = 10_000  # more have to be asked for as a report
LIST_PARAMS = frozenset(("fields", "limit", "after", "before", "effective_status", "filtering", "summary"))
WRITE_PARAMS: dict[type, frozenset[str]] = {
    Campaign: frozenset(("name", "status", "daily_budget", "execution_options")),
    AdSet: frozenset(("name", "status", "daily_budget", "execution_options")),
    Ad: frozenset(("name", "status", "execution_options")),
}
STATUSES = ("ACTIVE", "PAUSED", "DELETED", "ARCHIVED")
SMALLEST_BUDGET = 100  # minor units


@dataclass(frozen=True)
class Call:
    """One request to the Graph API, its version taken off and its parameters merged."""

    method: str
    path: tuple[str, ...]
    params: dict[str, str]
    version: str

    def asked(self) -> dict[str, str]:
        """The parameters without those every call carries."""
        return {k: v for k, v in self.params.items() if k not in ("access_token", "appsecret_proof")}


class Graph:
    """Answers calls of an authorised app user."""

    def __init__(self, world: World, faults: Faults, config: Config, tokens: Tokens, pushes: Pushes) -> None:
        self._world, self._faults, self._config, self._tokens = world, faults, config, tokens
        self._pushes = pushes
        self._reports = Reports(faults)
        self._kept_rows: dict[str, list[dict[str, Any]]] = {}

    def answer(self, call: Call) -> dict[str, Any]:
        """The body of the answer; GraphError where Meta would refuse."""
        text = call.params.get("access_token", "")
        if not text:
            raise GraphError("An active access token must be used to query information about the current user.", 2500)
        token = self._tokens.check(text)
        self._tokens.check_proof(text, call.params.get("appsecret_proof"))
        self._world.advance()
        head, rest = call.path[0], call.path[1:]
        if head in ("me", USER_ID):
            return self._me(call, token, rest)
        account = self.account_of(call.path)
        if account is not None and account.account_id in self._tokens.closed_accounts:
            raise missing_permission("ads_management or ads_read")
        if self._reports.find(head):
            _need(token, "ads_read", "ads_management")
            return self._page(call, self._reports.rows(head)) if rest == ("insights",) else self._reports.look(head)
        if head in self._world.ads.product_sets and rest == ("products",):
            _need(token, "ads_read", "ads_management")
            return self._products(call, head)
        node = self._find(head)
        if call.method == "GET":
            _need(token, "ads_read", "ads_management")
            return self._edge(call, node, rest[0]) if rest else self._read(call, node)
        if rest == ("insights",) and call.method == "POST":
            _need(token, "ads_read", "ads_management")
            return self._start_report(call, node)
        _need(token, "ads_management")
        if rest == ("subscribed_apps",) and isinstance(node, AdAccount):
            return self._pushes.of_account(call.method, node.account_id, call.asked())
        if rest or isinstance(node, AdAccount) or call.method != "POST":
            raise GraphError("Unsupported post request.", 100, subcode=33, kind="GraphMethodException")
        return self._write(call, node)

    def account_of(self, path: tuple[str, ...]) -> AdAccount | None:
        """The ad account a call is about, for its rate-limit headers."""
        if report := self._reports.find(path[0]):
            return report.account
        try:
            return fields.account_of(self._world.ads, self._find(path[0]))
        except (GraphError, IndexError):
            return None

    def _find(self, object_id: str) -> Any:
        ads = self._world.ads
        node = ads.campaigns.get(object_id) or ads.ad_sets.get(object_id) or ads.ads.get(object_id)
        node = node or ads.accounts.get(object_id.removeprefix("act_"))
        if node is None or (isinstance(node, AdAccount) and not object_id.startswith("act_")):
            raise unknown_object(object_id)
        if fields.account_of(ads, node).channel != "meta":
            raise unknown_object(object_id)
        return node

    def _me(self, call: Call, token: Token, rest: tuple[str, ...]) -> dict[str, Any]:
        if rest == ("permissions",):
            if call.method == "DELETE":
                self._tokens.revoke_all()
                return {"success": True}
            return {"data": [{"permission": scope, "status": "granted"} for scope in token.scopes]}
        if rest == ("adaccounts",):
            _need(token, "ads_read", "ads_management")
            closed = self._tokens.closed_accounts
            return self._list(call, [x for x in self._world.ads.accounts_at("meta") if x.account_id not in closed])
        if rest:
            raise unknown_object("/".join(("me", *rest)))
        known = {"id": USER_ID, "name": USER_NAME}
        asked = call.params.get("fields", "id,name").split(",")
        if wrong := [name for name in asked if name not in known]:
            raise GraphError(f"(#100) Tried accessing nonexisting field ({wrong[0]}) on node type (User)", 100)
        return {name: known[name] for name in {*asked, "id"}}

    def _read(self, call: Call, node: Any) -> dict[str, Any]:
        return fields.read(self._world.ads, node, fields.parse(call.params.get("fields", "")))

    def _edge(self, call: Call, node: Any, edge: str) -> dict[str, Any]:
        if edge == "insights":
            account = fields.account_of(self._world.ads, node)
            return self._page(call, self._insight_rows(call, node, account))
        if edge == "subscribed_apps" and isinstance(node, AdAccount):
            return self._pushes.of_account("GET", node.account_id, call.asked())
        ads = self._world.ads
        below: dict[str, list[Any]] = {
            "campaigns": list(ads.campaigns.values()),
            "adsets": list(ads.ad_sets.values()),
            "ads": list(ads.ads.values()),
        }
        allowed = {
            AdAccount: ("campaigns", "adsets", "ads"),
            Campaign: ("adsets", "ads"),
            AdSet: ("ads",),
            Ad: (),
        }
        if edge not in allowed[type(node)]:
            kind = fields.KINDS[type(node)][0]
            raise GraphError(f"(#100) Tried accessing nonexisting field ({edge}) on node type ({kind})", 100)
        return self._list(call, [x for x in below[edge] if _under(x, node, ads.campaigns)])

    def _list(self, call: Call, nodes: list[Any]) -> dict[str, Any]:
        asked = call.asked()
        if unknown := [name for name in asked if name not in LIST_PARAMS]:
            raise bad_param(f"Unknown parameter {unknown[0]}")
        wanted = _statuses(asked)
        tree = fields.parse(asked.get("fields", ""))
        platform = self._world.ads
        kept = [
            node
            for node in nodes
            if isinstance(node, AdAccount)
            or (fields.effective_status(platform, node) in wanted if wanted else node.status in ("ACTIVE", "PAUSED"))
        ]
        return self._page(call, [fields.read(platform, node, tree) for node in kept])

    def _page(self, call: Call, rows: list[dict[str, Any]]) -> dict[str, Any]:
        try:
            limit = int(call.params.get("limit", DEFAULT_LIMIT))
            start = _cursor_at(call.params["after"]) + 1 if call.params.get("after") else 0
        except ValueError:
            raise bad_param("Invalid cursor or limit") from None
        limit = min(max(limit, 1), LARGEST_LIMIT)
        fault = self._faults.take("meta", "empty_page", path="/".join(call.path), method=call.method)
        if fault:
            return {"data": [], "paging": self._paging(call, start, start - 1, more=True)}
        data = rows[start : start + limit]
        report = self._reports.find(call.path[0])
        level = report.level if report else call.params.get("level", "")
        if self._faults.take("meta", "rows_dropped", path="/".join(call.path), method=call.method, operation=level):
            data = data[: len(data) // 2]
        if not data:
            return {"data": []}
        return {
            "data": data,
            "paging": self._paging(call, start, min(start + limit, len(rows)) - 1, start + limit < len(rows)),
        }

    def _paging(self, call: Call, first: int, last: int, more: bool) -> dict[str, Any]:
        after = _cursor(last)
        paging: dict[str, Any] = {"cursors": {"before": _cursor(first), "after": after}}
        if more:
            query = {k: v for k, v in call.params.items() if k != "appsecret_proof"} | {"after": after}
            path = "/".join((call.version, *call.path))
            paging["next"] = f"{self._config.base_url}/meta/graph/{path}?{urlencode(query)}"
        return paging

    def _insight_rows(self, call: Call, node: Any, account: AdAccount) -> list[dict[str, Any]]:
        """The rows of a query; later pages see the very rows of the first."""
        asked = {k: v for k, v in call.asked().items() if k not in ("after", "before", "limit")}
        key = json.dumps([call.path, sorted(asked.items())])
        if "after" in call.params and key in self._kept_rows:
            return self._kept_rows[key]
        now = self._world.now()
        query = insights.parse_query(call.asked(), node, account, now)
        rows = insights.rows(self._world.ads, account, query, now)
        if len(rows) > MOST_ROWS_AT_ONCE:
            raise too_much_data()
        self._kept_rows.pop(key, None)
        self._kept_rows[key] = rows
        while len(self._kept_rows) > 8:
            self._kept_rows.pop(next(iter(self._kept_rows)))
        return rows

    def _start_report(self, call: Call, node: Any) -> dict[str, Any]:
        account = fields.account_of(self._world.ads, node)
        now = self._world.now()
        query = insights.parse_query(call.asked(), node, account, now)
        make = lambda: insights.rows(self._world.ads, account, query, now)  # noqa: E731
        return {"report_run_id": self._reports.start(account, query.level, make, "/".join(call.path))}

    def _products(self, call: Call, product_set: str) -> dict[str, Any]:
        items = self._world.ads.product_sets[product_set]
        names = call.params.get("fields", "retailer_id,name").split(",")
        if unknown := [name for name in names if name not in ("id", "retailer_id", "name", "url")]:
            raise GraphError(f"(#100) Tried accessing nonexisting field ({unknown[0]}) on node type (ProductItem)", 100)
        rows = [{"id": f"77{i:012d}", **{n: getattr(x, n) for n in names if n != "id"}} for i, x in enumerate(items)]
        return self._page(call, rows)

    def _write(self, call: Call, node: Any) -> dict[str, Any]:
        asked = call.asked()
        if unknown := [name for name in asked if name not in WRITE_PARAMS[type(node)]]:
            raise bad_param(f"Unknown parameter {unknown[0]}")
        status = asked.get("status")
        if status is not None and status not in STATUSES:
            raise bad_param(f"Param status must be one of {{{', '.join(STATUSES)}}}")
        budget = None
        if "daily_budget" in asked:
            budget = self._budget(node, asked["daily_budget"])
        object_id = call.path[0]
        only_checked = "validate_only" in asked.get("execution_options", "")
        fault = self._faults.take("meta", "write_ok_no_change", object=object_id, path=object_id, method="POST")
        if not only_checked and not fault:
            self._world.update_ad_object(object_id, daily_budget=budget, status=status, name=asked.get("name"))
        return {"success": True}

    def _budget(self, node: Any, text: str) -> str:
        if not text.isdigit():
            raise bad_param("Param daily_budget must be an integer")
        if int(text) < SMALLEST_BUDGET:
            raise bad_param(
                "Invalid parameter",
                subcode=1885272,
                title="Budget is too low",
                text="Your budget is too low. Raise it to the minimum of your currency.",
            )
        if node.daily_budget is None:
            raise bad_param(
                "Invalid parameter",
                subcode=1885621,
                title="Only one budget is allowed",
                text=str(_wrong_level(node)),
            )
        return str(fields.from_minor_units(text, fields.account_of(self._world.ads, node).currency))


def _wrong_level(node: Any) -> BudgetLevel:
    where = "ad sets" if isinstance(node, Campaign) else "campaign"
    return BudgetLevel(f"You can only set an ad set budget or a campaign budget. The budget sits on the {where}.")


def _need(token: Token, *any_of: str) -> None:
    if not set(any_of) & set(token.scopes):
        raise missing_permission(" or ".join(any_of))


def _under(node: Any, owner: Any, campaigns: dict[str, Campaign]) -> bool:
    if isinstance(owner, AdAccount):
        return campaigns[node.campaign_id].account_id == owner.account_id
    if isinstance(owner, Campaign):
        return node.campaign_id == owner.campaign_id
    return node.ad_set_id == owner.ad_set_id


def _statuses(asked: dict[str, str]) -> set[str]:
    """The effective statuses asked for, by either way of asking; empty: the usual ones."""
    try:
        wanted = set(json.loads(asked.get("effective_status") or "[]"))
        for rule in json.loads(asked.get("filtering") or "[]"):
            if not rule["field"].endswith("effective_status") or rule["operator"] != "IN":
                raise bad_param(f"filtering: this sandbox knows effective_status with IN here, not {rule}")
            wanted |= set(rule["value"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise bad_param("Param effective_status or filtering is not a valid array") from None
    return wanted


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"row:{position}".encode()).decode()


def _cursor_at(text: str) -> int:
    return int(base64.urlsafe_b64decode(text.encode()).decode().removeprefix("row:"))
