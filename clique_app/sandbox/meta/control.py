"""What tests and people may do to Meta: end tokens, shrink allowances, raise issues, ask for the truth by account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

from starlette.requests import Request

from clique_app.sandbox.ad_facts import ad_days, by_region
from clique_app.sandbox.meta.fields import account_of
from clique_app.sandbox.meta.pushes import Pushes
from clique_app.sandbox.meta.tokens import Tokens
from clique_app.sandbox.meta.usage import APP, Usage
from clique_app.sandbox.world import World

Handler = Callable[[Request], Awaitable[Any]]


def handlers(world: World, tokens: Tokens, usage: Usage, pushes: Pushes) -> list[tuple[str, str, Handler]]:
    """(path below /_control, method, handler)."""

    async def end_tokens(request: Request) -> Any:
        how = (await request.json())["how"]
        {"expire": tokens.expire_all, "revoke": tokens.revoke_all}[how]()
        return {"ended": how}

    async def set_quota(request: Request) -> Any:
        spec = await request.json()
        usage.limit(str(spec.get("account") or APP), spec.get("calls_per_hour"))
        return spec

    async def quota(request: Request) -> Any:
        return {"used_pct": usage.used_pct(request.query_params.get("account", APP))}

    async def push(request: Request) -> Any:
        spec = await request.json()
        node = world.ads.find(str(spec["object"]))
        account_id = account_of(world.ads, node).account_id
        if spec["field"] == "with_issues_ad_objects":
            world.ads.issues[str(spec["object"])] = str(spec.get("summary", "The ad was rejected."))
        sent = pushes.tell(account_id, spec["field"], {"ad_account_id": account_id, **spec.get("value", {})})
        return {"sent": sent}

    async def tell_truth(request: Request) -> Any:
        asked = request.query_params
        since, until = date.fromisoformat(asked["from"]), date.fromisoformat(asked["to"])
        world.advance()
        return account_truth(world, asked["account"], since, until)

    return [
        ("/meta/tokens", "POST", end_tokens),
        ("/meta/quota", "GET", quota),
        ("/meta/quota", "POST", set_quota),
        ("/meta/push", "POST", push),
        ("/meta/truth", "GET", tell_truth),
    ]


def account_truth(world: World, account_id: str, since: date, until: date) -> dict[str, Any]:
    """What an ad account would report right now: by day, and by campaign, country and region."""
    by_day: dict[str, dict[str, Any]] = {}
    regions: dict[str, Decimal] = {}
    for fact in ad_days(world.ads, account_id, since, until, world.now()):
        day = by_day.setdefault(fact.day.isoformat(), {"spend": Decimal(0), "impressions": 0, "purchases": 0})
        day["spend"] += fact.spend
        day["impressions"] += fact.impressions
        day["purchases"] += fact.purchases
        campaign = world.ads.ads[fact.ad_id].campaign_id
        for part in by_region(world.ads, fact):
            key = f"{campaign}/{part.country}/{part.region}"
            regions[key] = regions.get(key, Decimal(0)) + part.spend
    return {"account": account_id, "by_day": by_day, "by_region": regions}
