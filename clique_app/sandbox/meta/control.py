"""What tests and people may do to Meta: end tokens, take rights to an account, shrink allowances, raise issues."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request

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

    async def set_rights(request: Request) -> Any:
        spec = await request.json()
        change = tokens.closed_accounts.discard if spec["granted"] else tokens.closed_accounts.add
        change(str(spec["account"]))
        return spec

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

    return [
        ("/meta/tokens", "POST", end_tokens),
        ("/meta/rights", "POST", set_rights),
        ("/meta/quota", "GET", quota),
        ("/meta/quota", "POST", set_quota),
        ("/meta/push", "POST", push),
    ]
