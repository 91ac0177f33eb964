"""POST /files: nothing without a good session token, no body makes it fail, and no file lands on a disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.testclient import TestClient

from clique_app import clock
from clique_app.database import store_session
from clique_app.endpoints import files
from clique_app.imports.sheet import MAX_BYTES
from clique_app.settings import settings
from clique_app.tables import Member, Store
from tests.import_files import book_csv
from tests.integration.stores import make_store
from tests.kit.fake_admin import API_KEY, API_SECRET, sign

SHOP, OTHER = "one.myshopify.com", "two.myshopify.com"
OWNER, VIEWER, STRANGER = 7, 8, 9


@pytest.fixture
def store_id(database_env: None, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("SHOPIFY_API_KEY", API_KEY)
    monkeypatch.setenv("SHOPIFY_API_SECRET", API_SECRET)
    settings.cache_clear()
    made = [make_store(shop) for shop in (SHOP, OTHER)]
    for one in made:
        with store_session(one) as session:
            for user, role in ((OWNER, "owner"), (VIEWER, "viewer")):
                now = clock.now()
                session.add(Member(store_id=one, user_id=user, role=role, first_seen_at=now, last_seen_at=now))
    return made[0]


@pytest.fixture
def web(store_id: int) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=list(files.ROUTES)), raise_server_exceptions=True) as client:
        yield client


def bearer(shop: str = SHOP, **claims: object) -> dict[str, str]:
    user = claims.pop("user", OWNER)
    return {"authorization": f"Bearer {sign(shop, user=user, **claims)}"}  # pyright: ignore[reportArgumentType]


def kept(store_id: int) -> list[str]:
    with store_session(store_id) as session:
        return list(session.execute(text("select name from imported_file order by file_id")).scalars())


def test_an_owners_file_is_read_for_the_store_of_the_token(web: TestClient, store_id: int) -> None:
    answer = web.post("/files?name=orders.csv&shop=two.myshopify.com", content=book_csv(), headers=bearer())
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"file_id"}
    assert kept(store_id) == ["orders.csv"]
    assert kept(store_id + 1) == []


BAD_TOKENS = {
    "none": {},
    "empty": {"authorization": "Bearer "},
    "no scheme": {"authorization": "abc"},
    "nonsense": {"authorization": "Bearer a.b.c"},
    "long": {"authorization": "Bearer " + "x" * 9000},
}


@pytest.mark.parametrize("headers", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_without_a_good_token_nothing_is_read(web: TestClient, store_id: int, headers: dict[str, str]) -> None:
    answer = web.post("/files", content=book_csv(), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["x-shopify-retry-invalid-session-request"] == "1"
    assert kept(store_id) == []


def test_stale_foreign_and_forged_tokens_are_refused(web: TestClient, store_id: int) -> None:
    forged = {
        "stale": bearer(exp=1),
        "forged": bearer(secret="another-secret-of-at-least-32-bytes!"),
        "other app": bearer(aud="other"),
        "unknown store": bearer("nobody.myshopify.com"),
        "no store": bearer(dest="https://evil.example.com"),
    }
    assert {key: web.post("/files", content=b"x", headers=one).status_code for key, one in forged.items()} == (
        dict.fromkeys(forged, 401)
    )
    for user in (VIEWER, STRANGER):
        assert web.post("/files", content=b"x", headers=bearer(user=user)).status_code == 403
    with store_session(store_id) as session:
        session.get_one(Store, store_id).uninstalled_at = clock.now()
    assert web.post("/files", content=b"x", headers=bearer()).status_code == 401
    assert kept(store_id) == []


def test_a_body_is_bounded_whether_its_length_is_said_or_not(web: TestClient, store_id: int) -> None:
    said = web.post("/files", content=b"", headers={**bearer(), "content-length": str(MAX_BYTES + 1)})
    assert said.status_code == 413
    block = b"x" * (1024 * 1024)
    unsaid = web.post("/files", content=(block for _ in range(MAX_BYTES // len(block) + 1)), headers=bearer())
    assert unsaid.status_code == 413
    assert web.post("/files?kind=secrets", content=b"x", headers=bearer()).status_code == 400
    assert web.get("/files", headers=bearer()).status_code == 405
    assert kept(store_id) == []


def test_many_files_in_a_short_time_are_refused(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "UPLOADS_PER_WINDOW", 2)
    answers = [web.post("/files", content=b"a,b\n", headers=bearer()).status_code for _ in range(3)]
    assert answers == [200, 200, 429]


def test_a_file_name_is_a_name_and_no_path(web: TestClient, store_id: int) -> None:
    for name in ("../../etc/passwd", "C:\\a\\b.csv", "\x00\n", "x" * 999):
        assert web.post("/files", params={"name": name}, content=b"a,b\n", headers=bearer()).status_code == 200
        [shown] = kept(store_id)
        assert "/" not in shown
        assert "\\" not in shown
        assert 0 < len(shown) <= 200


def test_nothing_is_written_to_a_disk(web: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.__init__", lambda *a, **k: opened.append(a))
    monkeypatch.setattr("tempfile.NamedTemporaryFile", lambda *a, **k: opened.append(a))
    monkeypatch.chdir(tmp_path)
    assert web.post("/files", content=book_csv(), headers=bearer()).status_code == 200
    assert not opened
    assert not list(tmp_path.iterdir())


@hypothesis_settings(max_examples=60)
@given(
    st.one_of(st.binary(max_size=300), st.sampled_from([book_csv().encode()[:n] for n in range(0, 4000, 333)])),
    st.sampled_from(["", "orders", "products", "customers", "spend", "\x00", "Orders"]),
    st.text(max_size=20),
)
def test_any_body_kind_and_name_are_answered(
    web: TestClient, monkeypatch: pytest.MonkeyPatch, content: bytes, kind: str, name: str
) -> None:
    monkeypatch.setattr(files, "UPLOADS_PER_WINDOW", 10**6)
    answer = web.post("/files", params={"kind": kind, "name": name}, content=content, headers=bearer())
    assert answer.status_code in (200, 400)
    assert json.loads(answer.content)
