"""The client and the login against every kind of answer Google is known to give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stamina

from clique_app.errors import AccessExpired, CliqueError, RateLimited, Rejected, Unavailable
from clique_app.integrations.channels import Grant
from clique_app.integrations.google import client, login, write
from clique_app.integrations.google.client import GoogleClient

Answer = httpx.Response | Exception


class Google:
    """Answers in turn and remembers what was asked; the last answer is repeated."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[httpx.Request] = []
        self.rests: list[tuple[str, float]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    fake = Google()
    pool = httpx.Client(transport=httpx.MockTransport(fake))
    for module in (client, login):
        monkeypatch.setattr(module, "http", lambda: pool)
    monkeypatch.setattr(client.quotas, "take", lambda quotas: None)
    monkeypatch.setattr(client.quotas, "tell", lambda quota, used, wait: fake.rests.append((quota.key, wait)))
    monkeypatch.setenv("GOOGLE_CLIENT_ID", "app")
    stamina.set_testing(True, attempts=3)
    yield fake
    stamina.set_testing(False)


def failure(status: int, kind: str, code: str, **more: Any) -> httpx.Response:
    error = {"errorCode": {kind: code}, "message": "Said.", **more}
    details = [{"@type": "type.googleapis.com/google.ads.googleads.v26.errors.GoogleAdsFailure", "errors": [error]}]
    return httpx.Response(status, json={"error": {"code": status, "message": "no", "details": details}})


def page(*rows: int, more: str = "") -> httpx.Response:
    body: dict[str, Any] = {"results": [{"campaign": {"id": str(row)}} for row in rows]} if rows else {}
    return httpx.Response(200, json=body | ({"nextPageToken": more} if more else {}))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (failure(401, "authenticationError", "OAUTH_TOKEN_EXPIRED"), AccessExpired),
        (
            httpx.Response(401, json={"error": {"code": 401, "message": "no", "status": "UNAUTHENTICATED"}}),
            AccessExpired,
        ),
        (failure(401, "authenticationError", "NOT_ADS_USER"), Rejected),
        (failure(403, "authorizationError", "USER_PERMISSION_DENIED"), Rejected),
        (failure(403, "authorizationError", "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION"), Rejected),
        (failure(429, "quotaError", "RESOURCE_EXHAUSTED"), RateLimited),
        (httpx.Response(429, text="slow down"), RateLimited),
        (failure(500, "internalError", "INTERNAL_ERROR"), Unavailable),
        (failure(400, "requestError", "EXPIRED_PAGE_TOKEN"), Unavailable),
        (failure(400, "queryError", "UNRECOGNIZED_FIELD"), Rejected),
        (httpx.Response(404, text="<html>"), Rejected),
        (httpx.Response(503, text="Service Unavailable"), Unavailable),
        (httpx.Response(200, text='{"results": ['), Unavailable),
        (httpx.Response(200, json=[]), Unavailable),
        (httpx.ConnectError("refused"), Unavailable),
    ],
)
def test_every_refusal_is_one_of_the_four_errors(google: Google, answer: Answer, kind: type[CliqueError]) -> None:
    google.answers = [answer]
    with pytest.raises(kind) as caught:
        GoogleClient("secret-token", "1").rows("SELECT campaign.id FROM campaign")
    assert "secret-token" not in str(caught.value)
    assert len(google.asked) == (3 if kind is Unavailable else 1)


@pytest.mark.parametrize(("scope", "rests"), [("ACCOUNT", "google/account/1"), ("DEVELOPER", "google/app/app")])
def test_a_wait_is_as_long_as_google_says_and_for_whom_it_says(google: Google, scope: str, rests: str) -> None:
    details = {"quotaErrorDetails": {"rateScope": scope, "retryDelay": "900s"}}
    google.answers = [failure(429, "quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED", details=details)]
    with pytest.raises(RateLimited) as caught:
        GoogleClient("t", "1").rows("SELECT campaign.id FROM campaign")
    assert caught.value.retry_after == 900
    assert google.rests == [(rests, 900)]


def test_pages_are_followed_to_the_end_through_empty_ones_and_hiccups(google: Google) -> None:
    google.answers = [page(1, 2, more="a"), httpx.ReadTimeout("slow"), page(more="b"), page(3)]
    rows = GoogleClient("t", "1").rows("SELECT campaign.id FROM campaign")
    assert [row["campaign"]["id"] for row in rows] == ["1", "2", "3"]
    assert [json.loads(call.content).get("pageToken") for call in google.asked] == [None, "a", "a", "b"]


def test_a_page_that_never_comes_is_not_taken_for_the_end(google: Google) -> None:
    google.answers = [page(1, more="a"), page(more="a")]
    with pytest.raises(Unavailable):
        GoogleClient("t", "1").rows("SELECT campaign.id FROM campaign")


def test_an_account_below_a_manager_is_asked_for_in_the_managers_name(google: Google) -> None:
    google.answers = [page(1)]
    GoogleClient("t", "1@9").rows("SELECT campaign.id FROM campaign")
    assert google.asked[0].url.path.endswith("/customers/1/googleAds:search")
    assert google.asked[0].headers["login-customer-id"] == "9"
    GoogleClient("t", "1").rows("SELECT campaign.id FROM campaign")
    assert "login-customer-id" not in google.asked[1].headers


def test_a_write_is_sent_once_and_a_failure_inside_a_good_answer_is_one(google: Google) -> None:
    google.answers = [httpx.ReadTimeout("slow")]
    with pytest.raises(Unavailable):
        write.set_status("t", "1", "campaign", "5", "paused")
    assert len(google.asked) == 1
    failed = failure(403, "authorizationError", "ACTION_NOT_PERMITTED").json()["error"]
    google.answers = [httpx.Response(200, json={"results": [{}], "partialFailureError": failed})]
    with pytest.raises(Rejected):
        write.set_status("t", "1", "campaign", "5", "paused")


def test_a_refreshed_grant_keeps_the_refresh_token_that_google_does_not_repeat(google: Google) -> None:
    google.answers = [httpx.Response(200, json={"access_token": "new", "expires_in": 3599, "scope": login.SCOPE})]
    renewed = login.refresh(Grant("old", "1//refresh"))
    assert (renewed.access_token, renewed.refresh_token) == ("new", "1//refresh")
    assert renewed.expires_at is not None


def test_a_consent_taken_back_ends_the_access_and_a_tired_login_does_not(google: Google) -> None:
    google.answers = [httpx.Response(400, json={"error": "invalid_grant", "error_description": "revoked"})]
    with pytest.raises(AccessExpired):
        login.refresh(Grant("old", "1//refresh"))
    google.answers = [httpx.Response(503, text="<html>")]
    with pytest.raises(Unavailable):
        login.refresh(Grant("old", "1//refresh"))


def test_access_without_a_refresh_token_is_not_taken(google: Google) -> None:
    google.answers = [httpx.Response(200, json={"access_token": "t", "expires_in": 3599, "scope": login.SCOPE})]
    with pytest.raises(Rejected):
        login.exchange(code="c", redirect_uri="https://a")
    assert len(google.asked) == 1
