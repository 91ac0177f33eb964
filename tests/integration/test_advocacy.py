"""The survey over HTTP, signed deliveries, and sheets: kept once, kept whole, credited so that credits still sum."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.testclient import TestClient

from clique_app import clock
from clique_app.advocacy import ingest_service, overview_service, settings_service, survey
from clique_app.advocacy.ingest_service import Envelope
from clique_app.attribution import service as attribution
from clique_app.connections.roles import require_may_act
from clique_app.database import store_session
from clique_app.endpoints import ingest, survey_page
from clique_app.endpoints import survey as survey_endpoint
from clique_app.errors import InvalidInput, Refused
from clique_app.integrations.shopify.mapping import email_hmac
from clique_app.keeping import privacy_service
from clique_app.metrics import periods
from clique_app.metrics import service as metrics
from clique_app.settings import settings
from clique_app.sync.customers_service import email_key
from clique_app.tables import Customer, Member, PrivacyRequest, Store, SurveyResponse
from clique_app.tables.attribution import BY_SURVEY, NO_TOUCH
from tests.integration.stores import make_store
from tests.integration.test_credits import BY_DAY, add_entry, add_order, add_touch
from tests.integration.test_imports import put, receive, remove
from tests.kit.fake_admin import API_KEY, API_SECRET, sign

SHOP, OTHER = "one.myshopify.com", "two.myshopify.com"
OWNER, VIEWER = 7, 8


@pytest.fixture
def store_id(database_env: None, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("SHOPIFY_API_KEY", API_KEY)
    monkeypatch.setenv("SHOPIFY_API_SECRET", API_SECRET)
    settings.cache_clear()
    made, now = [make_store(shop) for shop in (SHOP, OTHER)], clock.now()
    for one in made:
        with store_session(one) as session:
            for user, role in ((OWNER, "owner"), (VIEWER, "viewer")):
                session.add(Member(store_id=one, user_id=user, role=role, first_seen_at=now, last_seen_at=now))
    return made[0]


@pytest.fixture
def web(store_id: int) -> Iterator[TestClient]:
    routes = [*survey_endpoint.ROUTES, *ingest.ROUTES]
    with TestClient(Starlette(routes=routes), follow_redirects=False) as client:
        yield client


@pytest.fixture
def secret(store_id: int) -> str:
    with store_session(store_id) as session:
        return settings_service.new_secret(session, store_id, OWNER)


def rows(store_id: int, statement: str) -> list[tuple[Any, ...]]:
    with store_session(store_id) as session:
        return [tuple(row) for row in session.execute(text(statement))]


def path(store_id: int, subject: str) -> str:
    return urlsplit(settings_service.link(store_id, subject)).path


def later(monkeypatch: pytest.MonkeyPatch, **passed: float) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(**passed))


def test_an_answer_is_kept_credited_and_changed_for_ten_minutes(
    web: TestClient, store_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store_session(store_id) as session:
        add_order(session, store_id, 61, clock.now())
        add_entry(session, store_id, 1, 61, "sale", clock.today("America/New_York"), Decimal("40.00"))
        attribution.credit_orders(session, store_id, [61])
    address = path(store_id, "61")
    page = web.get(address)
    assert page.status_code == 200
    assert page.text.count('name="nps"') == 11
    assert "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    sent = web.post(address, data={"nps": "9", "heard": "TikTok"})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{address}?sent=1")
    assert "9 of 10" in web.get(sent.headers["location"]).text
    assert rows(store_id, "select channel, position, amount, orders, campaign_id from credit") == [
        ("tiktok", BY_SURVEY, Decimal(40), 1, None)
    ]
    assert 'value="9" required checked' in web.get(f"{address}?change=1").text
    web.post(address, data={"nps": "3", "heard": ""})
    assert rows(store_id, "select nps, heard, order_id from survey_response") == [(3, "", 61)]
    assert rows(store_id, "select channel, position from credit") == [("unattributed", NO_TOUCH)]
    later(monkeypatch, minutes=11)
    assert "Change my answer" not in web.get(address).text
    late = web.post(address, data={"nps": "10", "heard": "TikTok"})
    assert late.status_code == 409
    assert "answered already" in late.text
    assert rows(store_id, "select nps from survey_response") == [(3,)]


def test_an_answer_that_comes_before_its_order_is_credited_when_the_order_comes(web: TestClient, store_id: int) -> None:
    assert web.post(path(store_id, "62"), data={"nps": "8", "heard": "A friend or family"}).status_code == 303
    with store_session(store_id) as session:
        add_order(session, store_id, 62, clock.now())
        add_entry(session, store_id, 1, 62, "sale", clock.today("America/New_York"), Decimal("5.00"))
        attribution.credit_orders(session, store_id, [62])
    assert rows(store_id, "select channel, position from credit") == [("referral", BY_SURVEY)]


def test_links_that_are_changed_old_or_of_a_store_that_left_say_so(
    web: TestClient, store_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = path(store_id, "61")
    _, other, until, signature = good.removeprefix("/survey/").split(".")
    for changed in (f"{store_id + 1}.{other}.{until}.{signature}", f"{store_id}.99.{until}.{signature}", "x", "%00"):
        answer = web.get(f"/survey/{changed}")
        assert answer.status_code == 404
        assert "does not work" in answer.text
        assert web.post(f"/survey/{changed}", data={"nps": "1"}).status_code == 404
    with monkeypatch.context() as patch:
        later(patch, days=61)
        assert web.get(good).status_code == 410
    with store_session(store_id) as session:
        session.get_one(Store, store_id).uninstalled_at = clock.now()
    assert web.get(good).status_code == 410
    assert rows(store_id, "select * from survey_response") == []


def test_what_is_wrong_with_an_answer_is_said_and_the_rest_kept(web: TestClient, store_id: int) -> None:
    address = path(store_id, "n" + "0" * 32)
    for data, why in (
        ({"heard": "TikTok"}, "0 to 10"),
        ({"nps": "11"}, "0 to 10"),
        ({"nps": "5", "heard": "TV"}, "not offered"),
    ):
        answer = web.post(address, data=data)
        assert answer.status_code == 422
        assert re.search(f'role="alert"[^<]*>[^<]*{why}', answer.text)
    assert 'value="TikTok" checked' in web.post(address, data={"heard": "TikTok"}).text
    assert web.post(address, content=b"x" * 9000).status_code == 413
    assert web.post(address, content=b"nps=%ff&heard=%ff").status_code == 422
    assert rows(store_id, "select * from survey_response") == []


def test_a_preview_keeps_nothing_and_many_calls_are_refused(
    web: TestClient, store_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = path(store_id, survey.PREVIEW)
    assert "nothing that you send is kept" in web.get(address).text
    sent = web.post(address, data={"nps": "9", "heard": "TikTok"})
    assert "Nothing was kept" in web.get(sent.headers["location"]).text
    assert rows(store_id, "select * from survey_response") == []
    monkeypatch.setattr(survey_endpoint, "CALLS_OF_LINK", 3)
    assert web.get(address).status_code == 429


def test_the_page_is_in_the_stores_look_and_no_name_can_break_it(store_id: int, web: TestClient) -> None:
    with store_session(store_id) as session:
        session.get_one(Store, store_id).name = 'Ann & <b>Bob</b> "Candles"'
        settings_service.save(session, store_id, OWNER, "#FFCC00", [("<i>TV</i>", "other"), ("None", "")])
    page = web.get(path(store_id, "61")).text
    assert "--store:#ffcc00;--on-store:#000000" in page
    assert "Ann &amp; &lt;b&gt;Bob&lt;/b&gt;" in page
    assert "<i>" not in page
    assert web.post(path(store_id, "61"), data={"nps": "1", "heard": "<i>TV</i>"}).status_code == 303
    assert rows(store_id, "select heard, channel from survey_response") == [("<i>TV</i>", "other")]
    assert "<i>" not in web.get(path(store_id, "61")).text
    assert "Shown" not in survey_page.problem("<a>", "<b>")


def test_the_thank_you_block_gets_its_orders_link_by_a_checkouts_token(web: TestClient, store_id: int) -> None:
    def ask(order: object = "gid://shopify/OrderIdentity/6100000000001", **claims: object) -> Any:
        # a checkout's token names no staff member and its store without a scheme
        token = sign(SHOP, **{"dest": SHOP, "iss": None, "sub": None, **claims})  # pyright: ignore[reportArgumentType]
        return web.post("/survey/link", json={"order": order}, headers={"authorization": f"Bearer {token}"})

    made = ask()
    assert made.headers["access-control-allow-origin"] == "*"
    assert web.get(urlsplit(made.json()["url"]).path).status_code == 200
    link = survey.read(made.json()["url"].rsplit("/", 1)[1], settings().session_secret.get_secret_value(), clock.now())
    assert (link.store_id, link.order_id) == (store_id, 6100000000001)
    assert ask(exp=1).status_code == 401
    assert ask(aud="other").status_code == 401
    assert ask(dest="nobody.myshopify.com").status_code == 401
    assert ask(dest="evil.example.com").status_code == 401
    assert {ask(order).status_code for order in ("x", -1, None, "gid://shopify/Product/1", "1" * 40)} == {400}
    assert web.post("/survey/link", json={"order": 1}).status_code == 401
    assert web.options("/survey/link").status_code == 204


JOURNEYS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(1, 300), st.sampled_from(("meta", "direct"))), max_size=2),  # hours before
        st.lists(
            st.tuples(st.sampled_from(("sale", "refund")), st.integers(0, 9), st.integers(-9999, 9999)), max_size=3
        ),
        st.sampled_from((None, "", "tiktok", "other")),  # what the survey said
    ),
    max_size=5,
)


@hypothesis_settings(max_examples=25)
@given(JOURNEYS)
def test_with_survey_answers_credits_still_sum_and_a_visit_goes_before_a_word(store_id: int, world: list) -> None:
    at = clock.now() - timedelta(days=30)
    with store_session(store_id) as session:
        session.connection().execute(text("delete from shop_order"))
        session.connection().execute(text("delete from survey_response"))
        sale_id, expected = 0, {}
        for order_id, (journey, booked, said) in enumerate(world, 1):
            add_order(session, store_id, order_id, at)
            for position, (hours, channel) in enumerate(sorted(journey, reverse=True)):
                add_touch(session, store_id, order_id, position, at - timedelta(hours=hours), channel)
            for kind, days, cents in booked:
                sale_id += 1
                day = clock.day_of(at + timedelta(days=days), "America/New_York")
                add_entry(session, store_id, sale_id, order_id, kind, day, Decimal(cents) / 100)
            if said is not None:
                session.add(
                    SurveyResponse(
                        store_id=store_id, subject=str(order_id), order_id=order_id, day=at.date(), answered_at=at,
                        changed_at=at, nps=9, heard=said, channel=said,
                    )
                )  # fmt: skip
            counts = any(hours < 24 * 7 for hours, _ in journey)
            expected[order_id] = "visit" if counts else "survey" if said else "nothing"
        session.flush()
        attribution.credit_orders(session, store_id, None)
        for day, booked, credited in session.connection().execute(text(BY_DAY)):
            assert booked == credited, day
        kinds = {BY_SURVEY: "survey", NO_TOUCH: "nothing"}
        found = session.connection().execute(text("select distinct order_id, position from credit")).all()
        assert {order_id: kinds.get(position, "visit") for order_id, position in found} == expected
        assert len(found) == len(world)


def deliver(
    web: TestClient, secret: str, kind: str, payload: object, *, source: str = "own", age: int = 0, shop: str = SHOP,
    headers: Mapping[str, str] | None = None,
) -> Any:  # fmt: skip
    body, stamp = json.dumps(payload).encode(), str(int(clock.now().timestamp()) - age)
    signature = ingest_service.signed(secret, Envelope(kind, source, stamp, ""), body)
    sent = {
        "X-Clique-Shop": shop,
        "X-Clique-Source": source,
        "X-Clique-Timestamp": stamp,
        "X-Clique-Signature": signature,
        **(headers or {}),
    }
    return web.post(f"/ingest/{kind}", content=body, headers=sent)


REVIEW = {"id": "r1", "at": "2026-03-02T12:00:00Z", "rating": 5, "email": "ann@example.com"}


def test_a_signed_delivery_is_kept_once_and_the_newest_word_stands(web: TestClient, store_id: int, secret: str) -> None:
    answers = [deliver(web, secret, "reviews", {"records": [REVIEW]}) for _ in range(3)]
    assert [one.json() for one in answers] == [
        {"new": 1, "replaced": 0, "kept": 0},
        {"new": 0, "replaced": 0, "kept": 1},
        {"new": 0, "replaced": 0, "kept": 1},
    ]
    assert deliver(web, secret, "reviews", {**REVIEW, "rating": 1}, age=120).json()["kept"] == 1  # an older word
    assert rows(store_id, "select rating from review") == [(5,)]
    assert deliver(web, secret, "reviews", {**REVIEW, "rating": 2}).json()["replaced"] == 1
    [(rating, source, hashed)] = rows(store_id, "select rating, source, customer_hmac from review")
    assert (rating, source, bytes(hashed)) == (2, "own", email_hmac("ann@example.com", email_key(store_id)))
    assert rows(store_id + 1, "select * from review") == []


def test_what_the_stores_secret_did_not_sign_a_moment_ago_is_refused(
    web: TestClient, store_id: int, secret: str
) -> None:
    with store_session(store_id + 1) as session:
        foreign = settings_service.new_secret(session, store_id + 1, OWNER)
    refused = {
        "another store's": deliver(web, foreign, "reviews", REVIEW),
        "old": deliver(web, secret, "reviews", REVIEW, age=301),
        "of the future": deliver(web, secret, "reviews", REVIEW, age=-400),
        "for another store": deliver(web, secret, "reviews", REVIEW, shop=OTHER),
        "of nobody": deliver(web, secret, "reviews", REVIEW, shop="nobody.myshopify.com"),
        "unsigned": deliver(web, secret, "reviews", REVIEW, headers={"X-Clique-Signature": ""}),
        "another source": deliver(web, secret, "reviews", REVIEW, headers={"X-Clique-Source": "yotpo"}),
        "another time": deliver(web, secret, "reviews", REVIEW, headers={"X-Clique-Timestamp": "1"}),
        "no time": deliver(web, secret, "reviews", REVIEW, headers={"X-Clique-Timestamp": "soon"}),
    }
    assert {name: one.status_code for name, one in refused.items()} == dict.fromkeys(refused, 401)
    with store_session(store_id) as session:
        fresh = settings_service.new_secret(session, store_id, OWNER)
    assert deliver(web, secret, "reviews", REVIEW).status_code == 401  # the one before has ended
    assert deliver(web, fresh, "reviews", {"records": [REVIEW, {"id": "r2"}]}).status_code == 422
    assert deliver(web, fresh, "secrets", REVIEW).status_code == 404
    assert rows(store_id, "select * from review") == []  # of a body with one wrong record none is kept
    assert deliver(web, fresh, "reviews", REVIEW).status_code == 200
    assert fresh.encode() not in bytes(rows(store_id, "select ingest_secret from voice_settings")[0][0])


def test_only_who_may_change_things_makes_secrets_links_and_questions(store_id: int) -> None:
    with store_session(store_id) as session:
        require_may_act(session, store_id, OWNER)
        for refused in (settings_service.new_secret, settings_service.new_link):
            with pytest.raises(Refused):
                refused(session, store_id, VIEWER)
        with pytest.raises(Refused):
            settings_service.save(session, store_id, VIEWER, "#000000", survey.CHOICES)
        with pytest.raises(InvalidInput):
            settings_service.save(session, store_id, OWNER, "red", survey.CHOICES)
        assert settings_service.read(session, store_id, VIEWER).template == ""
        assert "hmac_sha256" in settings_service.read(session, store_id, OWNER).template


REVIEWS = "ID,Rating,Date,Email,Source\nr1,4,2026-03-02,ann@example.com,own\nr9,5,2026-03-03,,own\n"


def test_a_sheet_comes_goes_and_never_overwrites_what_an_app_told(web: TestClient, store_id: int, secret: str) -> None:
    deliver(web, secret, "reviews", REVIEW)
    shown = receive(store_id, REVIEWS)
    assert (shown.kind, shown.new, shown.replaced, shown.kept) == ("reviews", 1, 0, 1)
    file_id = put(store_id, REVIEWS)
    assert rows(store_id, "select rating from review order by day") == [(5,), (5,)]
    again = put(store_id, REVIEWS.replace("r9,5", "r9,3"))
    assert rows(store_id, "select rating from review order by day") == [(5,), (3,)]
    deliver(web, secret, "reviews", {"id": "r9", "day": "2026-03-03", "rating": 2})  # the app knows it too, after all
    remove(store_id, again)
    remove(store_id, file_id)
    assert rows(store_id, "select rating from review order by day") == [(5,), (2,)]
    social = put(store_id, "Day,Network,Impressions,Engagements\n2026-03-02,Instagram,1000,50\n")
    with store_session(store_id) as session:
        rate = metrics.figure(session, store_id, "social_engagement_rate", periods.between("2026-03-01", "2026-03-31"))
    assert rate.value == Decimal("0.05")
    remove(store_id, social)
    assert rows(store_id, "select * from social_day") == []


def test_the_rates_rest_on_what_was_told_and_say_what_is_missing(web: TestClient, store_id: int, secret: str) -> None:
    march, at = periods.between("2026-03-01", "2026-03-31"), datetime(2026, 3, 10, 12, tzinfo=UTC)
    keys = ("review_participation_rate", "referral_conversion_rate", "loyalty_participation_rate", "nps")
    with store_session(store_id) as session:
        unknown = {key: metrics.figure(session, store_id, key, march) for key in keys}
        assert all(one.value is None and one.reason for one in unknown.values()), unknown
        assert "Voice of customers" in unknown["review_participation_rate"].reason
        session.get_one(Store, store_id).history_complete = True
        for number in (1, 2, 3, 4):
            add_order(session, store_id, number, at)
        session.connection().execute(text("update shop_order set delivered_at = processed_at, customer_id = order_id"))
        for number, name in ((1, "ann"), (2, "bob")):
            hashed = email_hmac(f"{name}@example.com", email_key(store_id))
            session.add(
                Customer(store_id=store_id, customer_id=number, email_hmac=hashed, first_order_day=at.date())
            )  # fmt: skip
    deliver(web, secret, "reviews", REVIEW)
    deliver(web, secret, "referrals", {"id": 1, "at": at.isoformat(), "visitors": 8, "ordered": 2})
    members = [{"id": n, "email": f"{name}@example.com", "state": state, "created_at": at.isoformat()}
               for n, name, state in ((1, "Ann", "member"), (2, "bob", "candidate"))]  # fmt: skip
    deliver(web, secret, "loyalty", {"customers": members}, source="smile")
    for number, nps in ((1, "10"), (2, "0")):
        web.post(path(store_id, str(number)), data={"nps": nps, "heard": "TikTok"})
    web.post(path(store_id, "3"), data={"nps": "9"})
    with store_session(store_id) as session:
        session.connection().execute(text("update shop_order set customer_id = 1 where order_id = 3"))
        values = {key: metrics.figure(session, store_id, key, march).value for key in keys[:3]}
        today = periods.between(*[clock.today("America/New_York").isoformat()] * 2)
        nps = metrics.figure(session, store_id, "nps", today)
        counted = metrics.source_rows(session, store_id, "survey_answers", today)
        heard = overview_service.heard(session, store_id, today.start, today.end)
        told = overview_service.told(session, store_id)
    assert values == dict(zip(keys, (Decimal("0.25"), Decimal("0.25"), Decimal(1) / 3), strict=False))
    assert nps.value is None
    assert "from 30 survey answers on; so far 2" in nps.reason  # of a customer with two answers the latest counts
    assert (counted.count, counted.total) == (2, 2)
    assert [(one.answer, one.answers) for one in heard] == [("TikTok", 2), ("", 1)]
    assert [(one.kind, one.source, one.count) for one in told] == [
        ("loyalty", "smile", 1), ("referrals", "own", 1), ("reviews", "own", 1)
    ]  # fmt: skip


def test_a_person_who_is_forgotten_is_in_none_of_it(web: TestClient, store_id: int, secret: str) -> None:
    hashed = email_hmac("ann@example.com", email_key(store_id))
    with store_session(store_id) as session:
        session.add(Customer(store_id=store_id, customer_id=5, email_hmac=hashed))
    deliver(web, secret, "reviews", REVIEW)
    deliver(web, secret, "loyalty", {"id": "m", "day": "2026-03-02", "email": "ann@example.com"})
    deliver(web, secret, "ugc", {"id": "u", "day": "2026-03-02", "email": "ann@example.com"})
    with store_session(store_id) as session:
        asked = {"customer_id": 5, "email": "ann@example.com", "phone": "", "orders": []}
        request = PrivacyRequest(store_id=store_id, kind="customer_redact", asked=asked, asked_at=clock.now())
        session.add(request)
        session.flush()
        privacy_service.redact_customer(session, store_id, request, {})
        assert request.counts == {"customer": 1, "review": 1, "ugc": 1, "loyalty_member": 1, "privacy_request": 1}
    for table in ("review", "ugc", "loyalty_member"):
        assert rows(store_id, f"select customer_hmac from {table}") == [(None,)]
