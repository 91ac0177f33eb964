"""The European Central Bank's emulator: what is published when, how answers look; and our client against it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
import stamina
from starlette.testclient import TestClient

from clique_app.errors import RateLimited, Rejected, Unavailable
from clique_app.integrations.ecb import client
from clique_app.sandbox.config import Config
from clique_app.sandbox.platforms import register
from clique_app.sandbox.server import build
from clique_app.sandbox.world import World

BEFORE_FOUR = datetime(2026, 4, 8, 13, 59, tzinfo=UTC)  # a Wednesday; 15:59 in Frankfurt
HOLIDAYS = {date(2026, 4, 3), date(2026, 4, 6), date(2026, 1, 1), date(2025, 12, 25), date(2025, 12, 26)}


class Clock:
    now = BEFORE_FOUR


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    config = Config("http://sandbox", "http://localhost:1", "key", "secret", register(None))
    found = TestClient(build(World(3, None, lambda: clock.now), config), base_url="http://sandbox")
    monkeypatch.setenv("ECB_BASE_URL", "http://sandbox/ecb/")
    monkeypatch.setattr(client, "_http", lambda: found)
    stamina.set_testing(True, attempts=3)
    monkeypatch.setattr(client, "ATTEMPTS", 3)
    yield found
    stamina.set_testing(False)


def ask(served: TestClient, key: str, first: str, last: str, **more: str) -> httpx.Response:
    params = {"startPeriod": first, "endPeriod": last, "format": "csvdata", **more}
    return served.get(f"/ecb/service/data/EXR/{key}", params=params)


def fault(served: TestClient, name: str, times: int | None = 1, **match: str) -> None:
    served.post("/_control/faults", json={"platform": "ecb", "fault": name, "times": times, "match": match})


def test_an_answer_looks_like_the_banks(served: TestClient) -> None:
    answer = ask(served, "D.USD+GBP.EUR.SP00.A", "2026-03-30", "2026-03-31")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.text.startswith("KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,")
    assert [(row["KEY"], row["TIME_PERIOD"]) for row in rows] == [
        ("EXR.D.GBP.EUR.SP00.A", "2026-03-30"),
        ("EXR.D.GBP.EUR.SP00.A", "2026-03-31"),
        ("EXR.D.USD.EUR.SP00.A", "2026-03-30"),
        ("EXR.D.USD.EUR.SP00.A", "2026-03-31"),
    ]
    assert ", " in rows[0]["TITLE_COMPL"]  # quoted, as theirs
    assert answer.text == ask(served, "D.USD+GBP.EUR.SP00.A", "2026-03-30", "2026-03-31").text


@pytest.mark.parametrize(
    ("key", "status"), [("D.ARS.EUR.SP00.A", 404), ("D.USD.GBP.SP00.A", 404), ("D.USD", 400), ("D.EUR.EUR.SP00.A", 404)]
)
def test_what_it_does_not_have_is_not_found(served: TestClient, key: str, status: int) -> None:
    assert ask(served, key, "2026-03-30", "2026-03-31").status_code == status


def test_days_without_any_rate_are_an_empty_success(served: TestClient) -> None:
    answer = ask(served, "D.USD.EUR.SP00.A", "2026-04-03", "2026-04-06")
    assert (answer.status_code, answer.text) == (200, "")
    assert client.rates(["USD"], date(2026, 4, 3), date(2026, 4, 6)) == []


def test_there_are_rates_of_business_days_alone(served: TestClient) -> None:
    first, last = date(2025, 12, 20), date(2026, 4, 7)
    span = {first + timedelta(days=n) for n in range((last - first).days + 1)}
    wanted = {day for day in span if day.weekday() < 5} - HOLIDAYS
    assert {rate.day for rate in client.rates(["JPY"], first, last)} == wanted


def test_a_days_rates_come_at_four_in_frankfurt(served: TestClient, clock: Clock) -> None:
    days = (date(2026, 4, 7), date(2026, 4, 9))
    assert [rate.day for rate in client.rates(["USD"], *days)] == [date(2026, 4, 7)]
    clock.now = BEFORE_FOUR + timedelta(minutes=1)
    assert [rate.day for rate in client.rates(["USD"], *days)] == [date(2026, 4, 7), date(2026, 4, 8)]
    served.post("/_control/ecb/late", json={"from": "2026-04-08"})
    assert [rate.day for rate in client.rates(["USD"], *days)] == [date(2026, 4, 7)]
    served.post("/_control/ecb/late", json={"from": None})
    assert len(client.rates(["USD"], *days)) == 2


def test_the_client_reads_what_is_told(served: TestClient) -> None:
    told = {
        (currency, date.fromisoformat(day)): Decimal(value)
        for currency in ("GBP", "JPY", "USD")
        for day, value in served.get(
            "/_control/ecb/rates", params={"currency": currency, "from": "2026-03-27", "to": "2026-04-02"}
        )
        .json()
        .items()
    }
    read = client.rates(["USD", "JPY", "EUR", "GBP"], date(2026, 3, 27), date(2026, 4, 2))
    assert {(rate.currency, rate.day): rate.per_euro for rate in read} == told
    assert len(told) == 15
    assert client.rates(["EUR"], date(2026, 3, 27), date(2026, 4, 2)) == []


def test_what_the_bank_does_not_publish_hides_nothing_else(served: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    days = (date(2026, 4, 1), date(2026, 4, 1))
    assert [rate.currency for rate in client.rates(["USD", "ARS"], *days)] == ["USD"]
    assert client.rates(["ARS"], *days) == []
    asked, get = [], client._get
    monkeypatch.setattr(client, "_get", lambda key, *days: None if "+" in key else asked.append(key) or get(key, *days))
    assert [rate.currency for rate in client.rates(["USD", "ARS"], *days)] == ["USD"]
    assert asked == ["ARS", "USD"]


@pytest.mark.parametrize("name", ["5xx", "truncated_page"])
def test_a_stumble_is_overcome_and_a_fall_is_said(served: TestClient, name: str) -> None:
    days = (date(2026, 3, 2), date(2026, 4, 1))
    whole = client.rates(["USD", "GBP"], *days)
    fault(served, name, 2)
    assert client.rates(["USD", "GBP"], *days) == whole
    fault(served, name, None)
    with pytest.raises(Unavailable, match="European Central Bank"):
        client.rates(["USD", "GBP"], *days)


def test_silence_is_unavailable(served: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    monkeypatch.setattr(client, "_http", lambda: httpx.Client(transport=httpx.MockTransport(silent)))
    with pytest.raises(Unavailable, match="did not answer in time"):
        client.rates(["USD"], date(2026, 3, 2), date(2026, 4, 1))


def test_refusals_are_the_four_errors(served: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fault(served, "http_429")
    with pytest.raises(RateLimited) as error:
        client.rates(["USD"], date(2026, 3, 2), date(2026, 4, 1))
    assert error.value.retry_after == 30
    monkeypatch.setenv("ECB_BASE_URL", "http://sandbox/ecb/service")
    assert client.rates(["USD"], date(2026, 3, 2), date(2026, 4, 1)) == []  # a 404, as for what is not published
    monkeypatch.setattr(client, "BASE", "EUR.SP00")
    monkeypatch.setenv("ECB_BASE_URL", "http://sandbox/ecb")
    with pytest.raises(Rejected, match="400"):
        client.rates(["USD"], date(2026, 3, 2), date(2026, 4, 1))


@pytest.mark.parametrize(
    "text",
    ["<html>We are working on it</html>", "KEY,CURRENCY,TIME_PERIOD,OBS_VALUE\nx,USD,2026-04-01,-1\n",
     "KEY,CURRENCY,TIME_PERIOD,OBS_VALUE\nx,USD,2026-04-01\n", "KEY,CURRENCY,TIME_PERIOD,OBS_VALUE\nx,USD,soon,1\n"],
)  # fmt: skip
def test_what_is_no_answer_is_never_read_as_one(text: str) -> None:
    with pytest.raises(Unavailable):
        client._read(text)


def test_a_day_told_without_a_value_has_none() -> None:
    told = "KEY,CURRENCY,TIME_PERIOD,OBS_VALUE\nx,USD,2026-04-01,\nx,USD,2026-04-02,NaN\nx,USD,2026-04-07,1.1234\n"
    assert client._read(told) == [client.Rate("USD", date(2026, 4, 7), Decimal("1.1234"))]
