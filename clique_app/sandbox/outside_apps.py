"""Apps beside the platforms: one that tells of reviews and members in its own shape, signed; and customers who open a
survey's page and answer it. Both are clients of the app like any other."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import re
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
from starlette.requests import Request

from clique_app.sandbox.config import Config
from clique_app.sandbox.records import Customer
from clique_app.sandbox.store import Store
from clique_app.sandbox.world import World

TIMEOUT = httpx.Timeout(20.0, connect=2.0)
NETWORKS = ("instagram", "tiktok")
MOST = 1000
_LEGEND = re.compile(r"<legend>(.*?)</legend>", re.S)
_INPUT = re.compile(r'<input type="radio" name="(\w+)" value="([^"]*)"')


def control_handlers(world: World, config: Config) -> Sequence[tuple[str, str, Any]]:
    """What the control API adds: let the app send, let customers answer."""

    async def send(request: Request) -> Any:
        """{shop, secret, kind, source?, count? or payload?, age_seconds?, times?}"""
        spec = await request.json()
        kind, source = spec["kind"], spec.get("source", "own")
        payload = spec.get("payload")
        if payload is None:
            payload = _payload(world, spec["shop"], kind, source, min(int(spec.get("count", 1)), MOST))
        body = json.dumps(payload).encode()
        stamp = str(int(time.time()) - int(spec.get("age_seconds", 0)))
        signed = f"{stamp}.{kind}.{source}.".encode() + body
        headers = {
            "Content-Type": "application/json",
            "X-Clique-Shop": spec["shop"],
            "X-Clique-Source": source,
            "X-Clique-Timestamp": stamp,
            "X-Clique-Signature": hmac.new(spec["secret"].encode(), signed, hashlib.sha256).hexdigest(),
        }
        answers = []
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
            for _ in range(int(spec.get("times", 1))):
                answer = await client.post(f"{config.app_url}/ingest/{kind}", content=body, headers=headers)
                answers.append({"status": answer.status_code, "body": answer.json()})
        return {"answers": answers}

    async def answer(request: Request) -> Any:
        """{url, nps, heard?}: open the page, choose what it offers, send the form, see where it leads."""
        spec = await request.json()
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False, follow_redirects=True) as client:
            page = await client.get(spec["url"])
            offered = [(name, unescape(value)) for name, value in _INPUT.findall(page.text)]
            chosen = {"nps": str(spec["nps"]), "heard": spec.get("heard", "")}
            form = {name: value for name, value in chosen.items() if (name, value) in offered}
            done = await client.post(spec["url"], data=form) if offered else page
        return {
            "asked": [unescape(re.sub(r"<[^>]+>", "", text)).strip() for text in _LEGEND.findall(page.text)],
            "offered": [value for name, value in offered if name == "heard"],
            "status": done.status_code,
            "text": " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", done.text, flags=re.S)).split()),
        }

    return (("/outside-apps/send", "POST", send), ("/outside-apps/answer", "POST", answer))


def _payload(world: World, shop: str, kind: str, source: str, count: int) -> dict[str, Any]:
    """As many records of the store's own customers, the same for the same number."""
    store = world.store(shop)
    chance = random.Random(f"{shop}/{kind}/{source}/{count}")
    at = world.now()
    records = [_SHAPES[(source, kind)](store, n, chance, at - timedelta(hours=n)) for n in range(count)]
    name = "customers" if source == "smile" else "records" if source == "own" else "reviews"
    return {name: records}


def _buyer(store: Store, n: int) -> Customer:
    """The n-th customer, from the first on."""
    customers = list(store.customers.values())
    return customers[n % len(customers)]


def _yotpo(store: Store, n: int, chance: random.Random, at: Any) -> dict[str, Any]:
    buyer = _buyer(store, n)
    return {
        "id": 500_000 + n,
        "score": chance.choice((3, 4, 5, 5, 5)),
        "title": "What I think",
        "content": "It smells of the sea.",
        "created_at": at.isoformat(),
        "sku": str(next(iter(store.products))),
        "name": "Ann Buyer",
        "email": buyer.email,
        "reviewer_type": "verified_buyer",
        "deleted": False,
        "archived": False,
    }


def _judge_me(store: Store, n: int, chance: random.Random, at: Any) -> dict[str, Any]:
    buyer = _buyer(store, n)
    return {
        "id": 700_000 + n,
        "rating": chance.choice((3, 4, 5, 5, 5)),
        "title": "What I think",
        "body": "It smells of the sea.",
        "created_at": at.isoformat(),
        "product_external_id": next(iter(store.products)),
        "reviewer": {"email": buyer.email, "name": "Ann Buyer"},
        "curated": "ok",
        "hidden": False,
        "has_published_pictures": n % 2 == 0,
    }


def _smile(store: Store, n: int, chance: random.Random, at: Any) -> dict[str, Any]:
    buyer = _buyer(store, n)
    return {
        "id": 900_000 + n,
        "first_name": "Ann",
        "last_name": "Buyer",
        "email": buyer.email,
        "state": "candidate" if n % 5 == 4 else "member",
        "points_balance": chance.randrange(1000),
        "created_at": at.isoformat(),
    }


def _referral(store: Store, n: int, chance: random.Random, at: Any) -> dict[str, Any]:
    visitors = chance.randrange(5, 50)
    return {"id": f"r{n}", "at": at.isoformat(), "visitors": visitors, "ordered": visitors // 5}


def _social(store: Store, n: int, chance: random.Random, at: Any) -> dict[str, Any]:
    seen = chance.randrange(1000, 20_000)
    day = (at - timedelta(days=n // len(NETWORKS))).date().isoformat()
    network = NETWORKS[n % len(NETWORKS)]
    counts = {"impressions": seen, "engagements": seen // 25}
    return {"id": f"{network}/{day}", "day": day, "network": network, "account": "the-store", **counts}


_SHAPES: dict[tuple[str, str], Callable[[Store, int, random.Random, Any], dict[str, Any]]] = {
    ("yotpo", "reviews"): _yotpo,
    ("judge.me", "reviews"): _judge_me,
    ("judge.me", "ugc"): _judge_me,
    ("smile", "loyalty"): _smile,
    ("own", "referrals"): _referral,
    ("own", "social"): _social,
}
