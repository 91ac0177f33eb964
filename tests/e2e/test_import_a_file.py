"""A merchant brings a file by clicks and keys: what is wrong with it, what it would do, the import, and back out."""

from __future__ import annotations

from decimal import Decimal

from playwright.sync_api import FilePayload, Page, expect

from tests.e2e import admin
from tests.e2e.demos import Demo, metric
from tests.import_files import order, orders_csv

HEAD = "Day,Channel,Campaign,Spend,Currency\n"
GOOD = HEAD + "2026-03-02,TikTok,Spring,12.34,USD\n2026-03-09,Podcast,Host read,20.00,USD\n"
BAD = HEAD + "2026-03-02,TikTok,Spring,12.34,USD\nlast Monday,TikTok,Spring,20.00,USD\n"


def file(name: str, content: str) -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": content.encode()}


def spend(demo: Demo) -> Decimal | None:
    value = metric(demo, "ad_spend", demo["store"], "2026-03-01", "2026-03-10")["value"]
    return None if value is None else Decimal(str(value))


def test_a_file_is_checked_imported_and_removed(orders_demo: Demo, page: Page) -> None:
    frame = admin.open_app(page, orders_demo, "/data")
    field = frame.get_by_label("Choose a file")
    expect(field).to_be_enabled()
    before = spend(orders_demo)
    field.set_input_files(file("wrong.csv", BAD))
    shown = frame.get_by_label("Preview of the file")
    expect(shown).to_contain_text("1 problem to mend")
    problem = frame.get_by_role("table", name="Problems by line").get_by_role("row").nth(1)
    expect(problem).to_contain_text("3")
    expect(problem).to_contain_text("Write it as 2026-03-02")
    expect(shown.get_by_role("button", name="Import")).to_be_disabled()

    with page.expect_file_chooser() as chooser:  # by keys alone
        field.press("Enter")
    chooser.value.set_files(file("tiktok.csv", GOOD))
    expect(shown).to_contain_text("$32.34")
    expect(shown).to_contain_text("2–9 Mar 2026")
    shown.get_by_role("button", name="Import 2 days of campaigns").press("Enter")
    past = frame.get_by_role("table", name="Imported files")
    expect(past.get_by_role("row").filter(has_text="tiktok.csv")).to_contain_text("Imported")
    expect(shown).to_have_count(0)
    assert spend(orders_demo) == (before or 0) + Decimal("32.34")

    past.get_by_role("button", name="Remove tiktok.csv").click()
    frame.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(past.get_by_role("row").filter(has_text="tiktok.csv")).to_contain_text("Removed")
    assert spend(orders_demo) == before


def test_orders_of_a_file_are_previewed_with_what_is_new(orders_demo: Demo, page: Page) -> None:
    frame = admin.open_app(page, orders_demo, "/data")
    rows = [
        order(f"#old{n}", ("Candle", "", 1, "20.00"), Id=str(n), Created_at="2020-01-05 10:00:00 -0500") for n in (1, 2)
    ]
    field = frame.get_by_label("Choose a file")
    expect(field).to_be_enabled()
    field.set_input_files(file("orders_export.csv", orders_csv(*rows)))
    shown = frame.get_by_label("Preview of the file")
    expect(shown).to_contain_text("Shopify orders export")
    expect(shown).to_contain_text("$40.00")
    expect(shown.get_by_role("row").filter(has_text="#old2")).to_contain_text("New")
    shown.get_by_role("button", name="Discard").click()
    expect(shown).to_have_count(0)
