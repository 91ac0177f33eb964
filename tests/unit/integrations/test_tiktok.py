from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest

from clique_app.errors import AccessExpired, InvalidInput, PlatformError, RateLimited, Rejected, Unavailable
from clique_app.integrations.tiktok import client, faults, mapping, write
from clique_app.integrations.tiktok.client import TikTokClient


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"code": 40100, "message": "Too many requests."}, RateLimited),
        (200, {"code": 40105, "message": "Access token is incorrect or has been revoked."}, AccessExpired),
        (200, {"code": 40102, "message": "expired"}, AccessExpired),
        (200, {"code": 40001, "message": "No permission"}, Rejected),
        (200, {"code": 40002, "message": "budget: too low"}, Rejected),
        (200, {"code": 50000, "message": "System error"}, Unavailable),
        (200, {"message": "no code at all"}, Unavailable),
        (200, [], Unavailable),
        (429, {}, RateLimited),
        (502, {"code": 0}, Unavailable),
        (401, {}, AccessExpired),
    ],
)
def test_a_200_is_believed_only_with_the_code_of_success(status: int, body: Any, kind: type[PlatformError]) -> None:
    with pytest.raises(kind):
        faults.opened(httpx.Response(status, json=body))


def test_a_body_that_broke_off_is_asked_for_again_and_a_page_of_html_is_what_its_status_says() -> None:
    with pytest.raises(Unavailable):
        faults.opened(httpx.Response(200, text='{"code": 0, "data": {"li'))
    with pytest.raises(RateLimited):
        faults.opened(httpx.Response(429, text="<html>"))


@pytest.mark.parametrize("answer", [httpx.Response(502), httpx.Response(200, text="{"), httpx.ReadTimeout("late")])
def test_a_write_is_sent_once_whatever_comes_back(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    sent: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(client, "_http", lambda: httpx.Client(transport=httpx.MockTransport(handle)))
    monkeypatch.setattr(client.quotas, "take", lambda quotas: None)
    with pytest.raises(Unavailable):
        write.set_daily_budget("raw-token", "7", "ad_group", "9", Decimal("62.50"), "USD")
    (request,) = sent
    assert request.url.path == "/open_api/v1.3/adgroup/update/"
    assert request.headers["access-token"] == "raw-token"
    assert request.content == b'{"advertiser_id":"7","adgroup_id":"9","budget":62.5}'


def test_an_empty_page_before_the_last_is_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def page(number: int, rows: list[int]) -> dict[str, Any]:
        return {"list": rows, "page_info": {"page": number, "total_page": 2, "total_number": 1002}}

    answers = [page(1, [1]), page(2, []), page(2, [2])]
    monkeypatch.setattr(TikTokClient, "get", lambda self, path, params: answers.pop(0))
    assert list(TikTokClient("t").pages("ad/get", {})) == [[1], [2]]


def test_a_dash_is_no_value_and_the_value_of_purchases_is_found_under_its_odd_name() -> None:
    metrics = {
        "campaign_id": "1", "campaign_name": "C", "adgroup_id": "2", "adgroup_name": "G", "ad_name": "-",
        "currency": "EUR", "spend": "12.30", "impressions": "1000", "clicks": "20", "reach": "-",
        "complete_payment": "2", "total_complete_payment_rate": "61.50", "initiate_checkout": "-",
    }  # fmt: skip
    row = {"dimensions": {"ad_id": "3", "stat_time_day": "2026-11-01 00:00:00"}, "metrics": metrics}
    day = mapping.ad_day(row)
    assert (day["day"], day["spend"], day["currency"]) == ("2026-11-01", "12.30", "EUR")
    assert (day["ad_name"], day["reach"], day["checkouts"], day["add_to_carts"]) == ("", 0, 0, 0)
    assert (day["reported_conversions"], day["reported_revenue"]) == ("2", "61.50")
    assert not mapping.is_delivered({"metrics": dict.fromkeys(metrics, "-")})


def test_a_budget_is_whole_units_with_two_decimals_and_only_a_daily_one_is_read() -> None:
    assert mapping.budget(Decimal("50.25"), "USD") == 50.25
    for wrong in ("0", "-1", "50.005"):
        with pytest.raises(InvalidInput):
            mapping.budget(Decimal(wrong), "USD")
    assert mapping.daily_budget({"budget": 50.0, "budget_mode": "BUDGET_MODE_DAY"}) == 50
    assert mapping.daily_budget({"budget": 900.0, "budget_mode": "BUDGET_MODE_TOTAL"}) is None
    assert mapping.daily_budget({"budget": 0.0, "budget_mode": "BUDGET_MODE_DAY"}) is None
