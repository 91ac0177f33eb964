"""Who was redacted leaves the analysts' views before the request counts as answered."""

from __future__ import annotations

import pytest

from clique_app.database import store_session
from clique_app.keeping import overview_service, privacy, privacy_service
from clique_app.sync.customers_service import write_customers
from clique_app.warehouse import service as warehouse
from tasks.warehouse import refresh_now
from tests.import_files import book_csv
from tests.integration.stores import make_store
from tests.integration.test_imports import put
from tests.integration.test_privacy import in_tables, in_views

pytestmark = pytest.mark.usefixtures("database_env")
NUMBER = 7200000000007
NAMED = rf"(?<![0-9]){NUMBER}(?![0-9])"
ANN = {
    "id": f"gid://shopify/Customer/{NUMBER}",
    "createdAt": "2026-01-01T00:00:00Z",
    "updatedAt": "2026-01-01T00:00:00Z",
    "defaultEmailAddress": {"emailAddress": "ann@example.com"},
    "defaultAddress": None,
}


def test_a_request_is_open_until_the_analysts_views_have_forgotten_too(database_url: str) -> None:
    store_id = make_store()
    with store_session(store_id) as session:
        write_customers(session, store_id, [ANN])
    put(store_id, book_csv())
    refresh_now()
    assert {"orders", "customers"} <= in_views(database_url, NAMED)
    asked = {"customer": {"id": NUMBER, "email": "ann@example.com"}}
    with store_session(store_id) as session:
        request_id = privacy_service.ask(session, store_id, "customers/redact", asked)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warehouse, "refresh_filled", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            privacy.answer(store_id, request_id)
    assert in_tables(database_url, NAMED) == set()
    assert in_views(database_url, NAMED)
    with store_session(store_id) as session:
        assert privacy_service.open_requests(session, store_id) == [request_id]
        [shown] = overview_service.read(session, store_id).requests
    assert shown.answered_at is None
    assert privacy.answer(store_id, request_id) == "answered"
    assert in_views(database_url, NAMED) == set()
    with store_session(store_id) as session:
        [shown] = overview_service.read(session, store_id).requests
    assert shown.answered_at is not None
    assert shown.rows > 0
