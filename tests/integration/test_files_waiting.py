"""Files between preview and import: nothing waits for ever, and what will not be imported says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import redis
from dramatiq import Message
from sqlalchemy import text

from clique_app import clock
from clique_app.database import store_session
from clique_app.errors import InvalidInput
from clique_app.imports import service
from clique_app.imports.service import OPERATOR
from clique_app.keeping import privacy, privacy_service
from clique_app.settings import settings
from tasks import imports
from tasks.schedule import SCHEDULE
from tests.import_files import book_csv
from tests.integration.stores import make_store
from tests.integration.test_imports import dump, put, receive, rows

pytestmark = pytest.mark.usefixtures("database_env")


def test_a_file_that_a_redaction_emptied_says_so_and_is_to_be_chosen_again(database_url: str) -> None:
    store_id = make_store()
    shown = receive(store_id, book_csv())
    with store_session(store_id) as session:
        service.begin(session, store_id, shown.file_id, OPERATOR)
    with store_session(store_id) as session:
        asked = {"customer": {"id": 777, "email": "zelda@example.com"}}
        request_id = privacy_service.ask(session, store_id, "customers/redact", asked)
    assert privacy.answer(store_id, request_id) == "answered"
    with pytest.raises(InvalidInput, match="Choose it again"):
        imports.import_now(store_id, shown.file_id)
    with store_session(store_id) as session:
        emptied = service.preview(session, store_id, OPERATOR)
        [listed] = service.past(session, store_id)
    assert emptied is not None
    assert (emptied.state, emptied.sample, emptied.can_import) == ("failed", (), False)
    assert (listed.state, listed.counts) == ("failed", {})
    assert "Choose it again." in listed.message
    assert not rows(database_url, "select from shop_order")
    put(store_id, book_csv())
    assert len(rows(database_url, "select from shop_order")) == 13


def test_a_file_whose_message_was_lost_is_asked_for_again(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store_id = make_store()
    shown = receive(store_id, book_csv())
    with monkeypatch.context() as patch:
        patch.setattr(imports.import_file, "send", lambda *_: None)
        imports.start_import(store_id, shown.file_id, OPERATOR)
    [job] = [job for job in SCHEDULE if job.actor is imports.take_up_files]
    assert job.every <= timedelta(minutes=1)

    def waiting() -> list[tuple[int, int]]:
        with redis.Redis.from_url(settings().redis_url) as client:
            messages: Any = client.hvals("dramatiq:sync.DQ.msgs")
        sent = [Message.decode(one) for one in messages]
        return [one.args for one in sent if one.actor_name == imports.import_file.actor_name]

    with store_session(store_id) as session:  # somebody imports a file of the store
        session.execute(text("select pg_advisory_xact_lock(hashtextextended('imports', :s))"), {"s": store_id})
        imports.take_up_files.fn()
        assert waiting() == []
    for _ in range(2):
        imports.take_up_files.fn()
    assert waiting() == [(store_id, shown.file_id)]
    imports.import_file.fn(store_id, shown.file_id)
    before = dump(database_url)
    assert len(before["shop_order"]) == 13
    imports.import_file.fn(store_id, shown.file_id)
    assert dump(database_url) == before
    imports.take_up_files.fn()
    assert waiting() == [(store_id, shown.file_id)]


def test_a_preview_that_nobody_decided_on_is_gone_after_a_day(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_id = make_store()
    receive(store_id, book_csv())
    later = clock.now() + timedelta(days=1, minutes=1)
    imports.take_up_files.fn()
    assert len(rows(database_url, "select from imported_file")) == 1
    monkeypatch.setattr(clock, "now", lambda: later)
    imports.take_up_files.fn()
    assert not rows(database_url, "select from imported_file")
