"""Quotas of platforms, shared by all processes: Redis counts the calls and holds the rest a platform asks for.

A caller takes its turn before each call and tells afterwards what the platform said of its allowance.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import redis
from pyrate_limiter import Rate, RateItem
from pyrate_limiter.abstracts.algorithm import Decision
from pyrate_limiter.buckets.redis_bucket import LuaScript, RedisBucket
from redis.exceptions import NoScriptError, RedisError

from clique_app.errors import RateLimited
from clique_app.logs import log
from clique_app.settings import settings

SLOW_ABOVE_PCT, STOP_ABOVE_PCT = 75.0, 95.0
LONGEST_PAUSE_SECONDS = 5.0  # a longer one is not slept: the caller comes back later
WAIT_SECONDS = 60.0  # where the platform does not say how long


@dataclass(frozen=True)
class Quota:
    """An allowance of one platform for one of its accounts, or for the whole app."""

    key: str  # meta/account/123
    rates: tuple[Rate, ...]
    message: str  # what the merchant is told while it is used up


def take(quotas: Sequence[Quota]) -> None:
    """Wait for a call's turn in each quota. RateLimited where that takes longer than a pause."""
    for quota in quotas:
        try:
            _rest(quota)
            _turn(quota)
        except RedisError as error:
            # each process still heeds what the platform answers
            log("quotas").warning("quota_not_shared", quota=quota.key, problem=type(error).__name__)


def tell(quota: Quota, used_pct: float, regain_seconds: float = 0.0) -> None:
    """What the platform said after a call. Above 75 % used all callers slow down, above 95 % they stop."""
    if used_pct <= SLOW_ABOVE_PCT:
        return
    share = (used_pct - SLOW_ABOVE_PCT) / (STOP_ABOVE_PCT - SLOW_ABOVE_PCT)
    seconds = regain_seconds or WAIT_SECONDS if share >= 1 else share * LONGEST_PAUSE_SECONDS
    try:
        if _resting_seconds(quota) < seconds:
            _redis(settings().redis_url).set(_rest_key(quota), "", px=math.ceil(seconds * 1000))
    except RedisError as error:
        log("quotas").warning("quota_not_shared", quota=quota.key, problem=type(error).__name__)


def _rest(quota: Quota) -> None:
    left = _resting_seconds(quota)
    if left > LONGEST_PAUSE_SECONDS:
        raise RateLimited(quota.message, retry_after=left)
    if left > 0:
        time.sleep(left)


def _resting_seconds(quota: Quota) -> float:
    return float(str(_redis(settings().redis_url).pttl(_rest_key(quota)))) / 1000  # below 0: it does not rest


def _turn(quota: Quota) -> None:
    url, waited = settings().redis_url, 0.0
    while True:
        # a bucket object remembers its last answer, so it is not shared between threads
        bucket = RedisBucket(list(quota.rates), _redis(url), f"quota/{quota.key}", _script(url))
        now = bucket.now()
        try:
            decision = bucket.put_decision(RateItem("call", now))
        except NoScriptError:  # Redis was started anew
            _script.cache_clear()
            continue
        assert isinstance(decision, Decision)  # not awaitable: the client is not
        if decision.allowed:
            bucket.leak(now)
            _redis(url).pexpire(bucket.bucket_key, max(rate.interval for rate in quota.rates))
            return
        pause = max(decision.retry_after_ms or 0, 1) / 1000
        if waited + pause > LONGEST_PAUSE_SECONDS:
            raise RateLimited(quota.message, retry_after=pause)
        time.sleep(pause)
        waited += pause


def _rest_key(quota: Quota) -> str:
    return f"quota/{quota.key}/rest"


@lru_cache(maxsize=4)
def _redis(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=5)


@lru_cache(maxsize=4)
def _script(url: str) -> str:
    return str(_redis(url).script_load(LuaScript.PUT_ITEM))
