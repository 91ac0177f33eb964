from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from clique_app.errors import AccessExpired, PlatformError, RateLimited, Rejected, Unavailable
from clique_app.integrations.meta import write
from clique_app.integrations.meta.channel import META
from clique_app.integrations.meta.client import MetaClient


def _error(code: int, **more: Any) -> dict[str, Any]:
    return {"error": {"message": "no", "code": code, **more}}


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (_error(190, error_subcode=463), 400, AccessExpired),
        (_error(190, error_subcode=458), 400, AccessExpired),
        (_error(4, is_transient=True), 400, RateLimited),
        (_error(17, error_subcode=2446079), 400, RateLimited),
        (_error(80004), 400, RateLimited),
        (_error(2, is_transient=True), 200, Unavailable),
        (_error(1), 500, Unavailable),
        (_error(100, error_subcode=33), 400, Rejected),
        (_error(200), 403, Rejected),
        (_error(2635), 400, Rejected),
        ({"success": False}, 200, Rejected),
        ("Service Unavailable", 503, Unavailable),
    ],
)
def test_every_refusal_is_one_of_the_four_errors(
    meta: Any, answer: Callable[..., Any], body: Any, status: int, kind: type[PlatformError]
) -> None:
    meta.answers["9"] = answer(body, status)
    with pytest.raises(kind) as caught:
        MetaClient("secret-token").post("9", {"status": "PAUSED"})
    assert "secret-token" not in str(caught.value)
    assert len(meta.asked) == 1


def test_a_wait_is_as_long_as_meta_says(meta: Any, answer: Callable[..., Any]) -> None:
    usage = '{"1":[{"type":"ads_insights","call_count":100,"estimated_time_to_regain_access":7}]}'
    meta.answers["9"] = answer(_error(17), 400, {"X-Business-Use-Case-Usage": usage})
    with pytest.raises(RateLimited) as caught:
        MetaClient("t").get("9", {})
    assert caught.value.retry_after == 7 * 60


def test_calls_stop_before_the_allowance_is_used_up(meta: Any, answer: Callable[..., Any]) -> None:
    meta.answers["9"] = answer({"id": "9"}, headers={"X-FB-Ads-Insights-Throttle": '{"acc_id_util_pct":97}'})
    client = MetaClient("t", "1")
    client.get("9", {})
    with pytest.raises(RateLimited):
        MetaClient("t", "1").get("9", {})  # another one: what was said holds for all
    assert len(meta.asked) == 1


def test_a_read_is_asked_again_after_a_hiccup_a_cut_and_a_hang_up(meta: Any, answer: Callable[..., Any]) -> None:
    whole = {"id": "9", "name": "x" * 50}
    for trouble in (answer(_error(2), 500), answer(whole, cut_at=20), answer(hang_up=True)):
        meta.answers["9"] = [trouble, answer(whole)]
        assert MetaClient("t").get("9", {}) == whole


@pytest.mark.parametrize("cut_at", [5, 12, None])
def test_a_write_is_sent_once_whatever_comes_back(meta: Any, answer: Callable[..., Any], cut_at: int | None) -> None:
    meta.answers["9"] = answer({"success": True}, cut_at=cut_at, hang_up=cut_at is None)
    with pytest.raises(Unavailable):
        write.set_daily_budget("t", "1", "campaign", "9", Decimal("12.50"), "USD")
    assert [(call.method, call.params["daily_budget"]) for call in meta.asked] == [("POST", "1250")]


def test_an_empty_page_with_a_next_is_not_the_end(meta: Any, page: Callable[..., Any]) -> None:
    meta.answers["act_1/ads"] = [
        page([{"id": 1}], "a", more=True), page([], "a", more=True), page([{"id": 2}], "b", more=True), page([], "c"),
    ]  # fmt: skip
    rows = [row["id"] for rows in MetaClient("t").pages("act_1/ads", {}) for row in rows]
    assert rows == [1, 2]
    assert [call.params.get("after") for call in meta.asked] == [None, "a", "a", "b"]


def test_every_call_carries_token_proof_and_version_and_no_default_api_is_set(meta: Any) -> None:
    from facebook_business.api import FacebookAdsApi

    meta.answers["9"] = {"id": "9"}
    MetaClient("t").get("9", {})
    assert meta.asked[0].params["access_token"] == "t"
    assert len(meta.asked[0].params["appsecret_proof"]) == 64
    assert FacebookAdsApi.get_default_api() is None


def test_a_live_object_of_another_account_is_refused(meta: Any) -> None:
    meta.answers |= {
        "9": {"id": "9", "account_id": "1", "name": "C", "status": "ACTIVE", "daily_budget": "5000"},
        "act_1": {"id": "act_1", "currency": "JPY"},
    }
    live = META.read("t", "1", "campaign", "9")
    assert (live.daily_budget, live.currency, live.status) == (Decimal(5000), "JPY", "active")
    with pytest.raises(Rejected):
        META.read("t", "2", "campaign", "9")
