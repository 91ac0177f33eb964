"""A backup serves the same Home; a damaged one changes nothing."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner

from clique_app import clock
from clique_app.cli import app
from clique_app.connections import service
from clique_app.database import store_session, system_session
from clique_app.errors import InvalidInput, NotFound
from clique_app.keeping import privacy, privacy_service
from clique_app.keeping.backup import MANIFEST, back_up, restore
from clique_app.metrics import overview_service as metrics
from clique_app.metrics import periods, registry
from clique_app.settings import settings
from clique_app.tables import DERIVED_TABLES, Campaign, Connection, Customer, InboxEvent, LoyaltyMember, Product
from tests.integration.stores import make_store
from tests.integration.test_recommendations import Book

pytestmark = pytest.mark.usefixtures("database_env")
ONE, TWO = "one.myshopify.com", "two.myshopify.com"
ODD = "tab\there, back\\slash, new\nline, \u2028 \U0001f56f NULL \\N"


HMAC = bytes(range(256))
FILLED: dict[str, Any] = {}


@pytest.fixture
def stores(database_env: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, int]:
    """Two stores with sales, ads, advice and tokens, and a delivery of each that waits; made once, then restored."""
    if not FILLED:
        made, path = (fill(ONE), fill(TWO)), tmp_path_factory.mktemp("filled") / "all.zip"
        back_up(path)
        FILLED.update(stores=made, path=path)
    else:
        restore(FILLED["path"])
    return FILLED["stores"]


@pytest.fixture
def elsewhere(make_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Point the app at another, empty database."""

    def go() -> str:
        url = make_database()
        monkeypatch.setenv("DATABASE_URL", url)
        settings.cache_clear()
        return url

    return go


def fill(shop_domain: str) -> int:
    from clique_app.recommendations import service as recommendations

    made = make_store(shop_domain)
    with store_session(made) as session:
        session.connection().exec_driver_sql("delete from store_settings")
        Book(session, made).write()
        session.add(Product(store_id=made, product_id=77, title=ODD, handle="", updated_at=clock.now()))
        session.add(Customer(store_id=made, customer_id=5, email_hmac=HMAC))
        meta = session.get_one(Connection, (made, "meta"))
        shopify = session.get_one(Connection, (made, "shopify"))
        meta.access_token = shopify.access_token
    with store_session(made) as session:
        recommendations.refresh(session, made)
    with system_session() as session:
        session.add(
            InboxEvent(
                source="shopify",
                delivery_id=f"{shop_domain}-1",
                topic="orders/create",
                shop_domain=shop_domain,
                received_at=clock.now(),
                payload=b"\x00\xff{",
            )
        )
    return made


def rows(store_id: int | None = None) -> dict[str, list[str]]:
    """Every row of every table of the database, or of one store, but what is worked out of others, and what is due
    when: that is each database's own."""
    with psycopg.connect(settings().database_url) as connection:
        tables = connection.execute(
            "select t.table_name, bool_or(column_name = 'store_id') from information_schema.tables t"
            " join information_schema.columns using (table_schema, table_name)"
            " where table_schema = 'public' and table_type = 'BASE TABLE' group by 1"
        ).fetchall()
        found = {}
        for table, owned in tables:
            where = sql.SQL("where store_id = {}").format(sql.Literal(store_id)) if store_id else sql.SQL("")
            if (owned or store_id is None) and table not in (*DERIVED_TABLES, "job_schedule"):
                query = sql.SQL("select t::text from {} t {} order by 1").format(sql.Identifier(table), where)
                found[table] = [row for (row,) in connection.execute(query)]
    return found


def home(store_id: int) -> list[Any]:
    """All that Home rests on."""
    with store_session(store_id) as session:
        scope = metrics.scope(session, store_id, {})
        keys = [metric.key for metric in registry.METRICS]
        today = clock.today("UTC")
        period = periods.between((today - timedelta(days=13)).isoformat(), today.isoformat())
        return [scope, metrics.tiles(session, store_id, keys, period)]


def change(store_id: int) -> None:
    with store_session(store_id) as session:
        session.get_one(Product, (store_id, 77)).title = "changed since"
        session.add(Product(store_id=store_id, product_id=78, title="new since", handle="", updated_at=clock.now()))


def test_a_restored_backup_serves_home_with_the_same_figures(
    stores: tuple[int, int], tmp_path: Path, elsewhere: Callable[[], str]
) -> None:
    path = tmp_path / "all.zip"
    before, shown = rows(), [home(store_id) for store_id in stores]
    assert any(tile.figure.value for tile in shown[0][1])
    made = back_up(path)
    assert made.rows == sum(len(found) for table, found in before.items() if table != "alembic_version")
    assert path.stat().st_mode & 0o077 == 0
    elsewhere()
    restored = restore(path)
    assert (restored.rows, restored.stores) == (made.rows, dict(zip((ONE, TWO), stores, strict=True)))
    assert rows() == before
    assert [home(store_id) for store_id in stores] == shown
    with store_session(stores[0]) as session:
        shopify = session.get_one(Connection, (stores[0], "shopify"))
        assert service.token_of(shopify, "access_token") == "shpat_first"


def test_who_was_redacted_since_the_backup_does_not_come_back(
    stores: tuple[int, int], elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    one, two = stores
    with store_session(one) as session:
        session.add(LoyaltyMember(store_id=one, record_id=1, source="own", day=clock.today("UTC"),
                                  told_at=clock.now(), customer_hmac=HMAC))  # fmt: skip
    path = tmp_path / "before.zip"
    back_up(path)
    with store_session(one) as session:
        asked = privacy_service.ask(session, one, "customers/redact", {"customer": {"id": 5}})
    assert privacy.answer(one, asked) == "answered"
    with store_session(two) as session:
        service.uninstall(session, two, None)
        gone = privacy_service.ask(session, two, "shop/redact", {})
    assert privacy.answer(two, gone) == "answered"

    for _ in range(2):
        assert restore(path, replace=True).redacted == 2
        kept = rows(one)
        assert len(kept["customer"]) == len(kept["loyalty_member"]) == 1
        told = "".join(row for table in kept.values() for row in table)
        assert HMAC.hex() not in told
        assert not [row for row in kept["customer"] if row.startswith(f"({one},5,")]
        assert len(kept["product"]) > 0
        assert (rows(two)["product"], rows(two)["sale_entry"]) == ([], [])
        elsewhere()


def test_new_rows_get_numbers_after_the_restored_ones(
    stores: tuple[int, int], tmp_path: Path, elsewhere: Callable[[], str]
) -> None:
    back_up(tmp_path / "all.zip")
    elsewhere()
    restore(tmp_path / "all.zip")
    assert make_store("three.myshopify.com") > max(stores)
    now = clock.now()
    with store_session(stores[1]) as session:
        known = session.connection().exec_driver_sql("select max(campaign_id) from campaign").scalar_one()
        made = Campaign(
            store_id=stores[1], channel="meta", platform_id="9", account_id="1", name="", status="active",
            daily_budget=Decimal(1), currency="USD", read_at=now,
        )  # fmt: skip
        session.add(made)
        session.flush()
        assert made.campaign_id > known


def test_existing_data_is_lost_only_when_asked(stores: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    before = rows()
    back_up(path)
    change(stores[0])
    changed = rows()
    with pytest.raises(InvalidInput, match=r"one\.myshopify\.com, two\.myshopify\.com\). Give --replace"):
        restore(path)
    assert rows() == changed
    restore(path, replace=True)
    assert rows() == before


def test_one_store_comes_back_and_the_other_does_not_notice(
    stores: tuple[int, int], tmp_path: Path, elsewhere: Callable[[], str]
) -> None:
    path = tmp_path / "one.zip"
    before, shown = rows(stores[0]), home(stores[0])
    assert not back_up(path, ONE).whole
    change(stores[0])
    change(stores[1])
    theirs = rows(stores[1])
    with pytest.raises(InvalidInput, match="Give --replace"):
        restore(path)
    restore(path, ONE, replace=True)
    assert home(stores[0])[1] == shown[1]
    assert rows(stores[1]) == theirs
    after = rows(stores[0])
    assert {table for table in before if before[table] != after[table]} == {"connection"}
    with store_session(stores[0]) as session:
        shopify = session.get_one(Connection, (stores[0], "shopify"))
        assert (shopify.state, shopify.access_token) == ("expired", None)
        assert "Reconnect" in (shopify.last_error or "")
    elsewhere()
    restore(path)
    assert rows(stores[0]) == after
    assert rows(stores[1])["store"] == []
    with system_session() as session:
        assert session.connection().exec_driver_sql("select delivery_id from inbox_event").scalars().all() == [
            f"{ONE}-1"
        ]


def test_one_store_is_taken_out_of_a_whole_backup(stores: tuple[int, int], tmp_path: Path) -> None:
    back_up(tmp_path / "all.zip")
    before = rows(stores[0])
    for store_id in stores:
        change(store_id)
    theirs = rows(stores[1])
    restore(tmp_path / "all.zip", ONE, replace=True)
    assert rows(stores[0]) == before
    assert rows(stores[1]) == theirs
    for command in (lambda: restore(tmp_path / "all.zip", "none.myshopify.com"), lambda: back_up(tmp_path / "x", "no")):
        with pytest.raises(NotFound):
            command()


def test_a_number_that_is_another_stores_here_is_refused(
    stores: tuple[int, int], tmp_path: Path, elsewhere: Callable[[], str]
) -> None:
    back_up(tmp_path / "one.zip", ONE)
    elsewhere()
    make_store("three.myshopify.com")
    before = rows()
    with pytest.raises(InvalidInput, match="another number than in the backup"):
        restore(tmp_path / "one.zip", replace=True)
    assert rows() == before


def damaged(content: bytes) -> dict[str, bytes]:
    """Ways in which a file gets damaged, the last byte of its rows and its directory among them."""
    ways = {
        "empty": b"",
        "no zip": b"\x00" * 4096,
        "cut in the middle": content[: len(content) // 2],
        "cut at the end": content[:-1],
    }
    # what a member's header and the directory say of how it is packed
    header, listed = content.index(b"PK\x03\x04"), content.rindex(b"PK\x01\x02")
    ways["encrypted"] = with_byte(content, header + 6, 1)
    for name, method in (("unknown", 9), ("bzip2", 12), ("lzma", 14)):
        ways[f"packed as {name}"] = with_byte(content, listed + 10, method)
    for tenth in range(1, 10):
        at = len(content) * tenth // 10
        ways[f"a bit at {tenth} tenths"] = with_byte(content, at, content[at] ^ 1)
    return ways


def with_byte(content: bytes, at: int, byte: int) -> bytes:
    return content[:at] + bytes([byte]) + content[at + 1 :]


def test_a_damaged_file_gives_a_clear_error_and_changes_nothing(stores: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    original = rows()
    back_up(path)
    change(stores[0])
    before = rows()
    content = path.read_bytes()
    refused = 0
    for way, bytes_ in damaged(content).items():
        path.write_bytes(bytes_)
        told = ""
        try:
            restore(path, replace=True)
        except InvalidInput as error:
            told = error.message
        if told:
            refused += 1
            assert "nothing was changed" in told, way
            assert rows() == before, way
        else:
            assert rows() == original, f"{way}: what was taken was whole"
            change(stores[0])
            before = rows()
    assert refused >= 12  # a bit in what a file says twice, as a member's time, damages nothing
    with pytest.raises(InvalidInput, match="cannot be read"):
        restore(tmp_path / "none.zip")


def rewritten(path: Path, edit: Callable[[str, bytes], bytes | None]) -> Path:
    """The same backup with other members."""
    made = path.with_name("edited.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = edit(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return made


def test_a_file_that_was_tampered_with_changes_nothing(stores: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "one.zip"
    back_up(path, ONE)
    one, two = stores
    before = rows()

    def of_another_store(name: str, content: bytes) -> bytes:
        return content.replace(f"{one}\t".encode(), f"{two}\t".encode()) if name.endswith("/product") else content

    def without_a_row(name: str, content: bytes) -> bytes:
        return content.partition(b"\n")[2] if name.endswith("/sale_entry") else content

    def without_a_table(name: str, content: bytes) -> bytes | None:
        return None if name.endswith("/credit") else content

    def of_another_table(name: str, content: bytes) -> bytes:
        return content.replace(b'"product"', b'"pg_authid"') if name == MANIFEST else content

    def without_sense(name: str, content: bytes) -> bytes:
        return b"[]" if name == MANIFEST else content

    for edit in (of_another_store, without_a_row, without_a_table, of_another_table, without_sense):
        with pytest.raises(InvalidInput, match="nothing was changed"):
            restore(rewritten(path, edit), replace=True)
        assert rows() == before, edit.__name__


def test_another_version_of_the_tables_is_refused_by_name(stores: tuple[int, int], tmp_path: Path) -> None:
    back_up(tmp_path / "all.zip")

    def older(name: str, content: bytes) -> bytes:
        if name != MANIFEST:
            return content
        return json.dumps({**json.loads(content), "revision": "0000"}).encode()

    with pytest.raises(InvalidInput, match="made at revision 0000 of the tables, this database is at 0"):
        restore(rewritten(tmp_path / "all.zip", older), replace=True)


def test_the_commands_say_what_they_did(stores: tuple[int, int], tmp_path: Path) -> None:
    run = CliRunner().invoke
    path = str(tmp_path / "all.zip")
    made = run(app, ["backup", path])
    assert made.exit_code == 0, made.output
    assert "ENCRYPTION_KEYS" in made.output
    again = run(app, ["backup", path])
    assert (again.exit_code, "exists already" in again.output) == (1, True)
    assert run(app, ["restore", path]).exit_code == 1
    back = run(app, ["restore", path, "--replace"])
    assert (back.exit_code, ONE in back.output) == (0, True)
    alone = run(app, ["backup", str(tmp_path / "one.zip"), "--store", ONE])
    assert (alone.exit_code, "tokens are not in it" in alone.output) == (0, True)
    nowhere = run(app, ["backup", str(tmp_path / "no" / "folder.zip")])
    assert (nowhere.exit_code, "cannot be written" in nowhere.output) == (1, True)


def test_advice_comes_back_with_its_store(
    stores: tuple[int, int], tmp_path: Path, elsewhere: Callable[[], str]
) -> None:
    back_up(tmp_path / "one.zip", ONE)
    elsewhere()
    restore(tmp_path / "one.zip")
    with store_session(stores[0]) as session:
        assert session.connection().exec_driver_sql("select count(*) from recommendation").scalar_one() > 0
