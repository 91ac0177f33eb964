"""Quotas are one for all processes."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import redis
from pyrate_limiter import Duration, Rate

from clique_app.errors import RateLimited
from clique_app.integrations import quotas
from clique_app.integrations.quotas import Quota
from clique_app.settings import settings

pytestmark = pytest.mark.usefixtures("database_env")
TEN_A_SECOND = Quota("test/one", (Rate(10, Duration.SECOND),), "Wait.")
ELSEWHERE = """
from clique_app.integrations import quotas
from tests.integration.test_quotas import TEN_A_SECOND
for _ in range(15): quotas.take([TEN_A_SECOND])
"""


def test_processes_and_threads_together_keep_to_the_rate() -> None:
    begun = time.monotonic()
    others = [subprocess.Popen([sys.executable, "-c", ELSEWHERE]) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(quotas.take, [TEN_A_SECOND]) for _ in range(10)]:
            done.result()
    assert [other.wait(30) for other in others] == [0, 0]
    assert time.monotonic() - begun >= 3.0  # 40 calls


def test_a_rest_is_everybodys_and_the_longest_counts() -> None:
    quotas.tell(TEN_A_SECOND, 97.0, 120.0)
    quotas.tell(TEN_A_SECOND, 80.0)
    with pytest.raises(RateLimited, match=r"Wait\.") as limited:
        quotas.take([TEN_A_SECOND])
    assert 110 < limited.value.retry_after <= 120
    quotas.take([Quota("test/two", TEN_A_SECOND.rates, "Wait.")])  # another account's calls go on


def test_calls_slow_down_as_the_allowance_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(quotas, "time", SimpleNamespace(sleep=slept.append))
    quotas.tell(TEN_A_SECOND, 75.0)
    quotas.take([TEN_A_SECOND])
    assert slept == []
    quotas.tell(TEN_A_SECOND, 85.0)
    quotas.take([TEN_A_SECOND])
    assert 0 < slept.pop() <= 0.5 * quotas.LONGEST_PAUSE_SECONDS
    assert slept == []


def test_a_redis_that_forgot_or_is_away_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    quotas.take([TEN_A_SECOND])
    with redis.Redis.from_url(settings().redis_url) as server:
        server.script_flush()
    quotas.take([TEN_A_SECOND])
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    settings.cache_clear()
    quotas.take([TEN_A_SECOND])
    quotas.tell(TEN_A_SECOND, 99.0)
