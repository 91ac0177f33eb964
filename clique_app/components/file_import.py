"""Import a file: choose it, see what it would do and what is wrong with it, import it whole, take it back out."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from zoneinfo import ZoneInfo

import reflex as rx
from sqlmodel import Session

from clique_app.components.forms import select
from clique_app.components.import_views import PreviewView, past_row, preview_view
from clique_app.components.overlays import block, dialog
from clique_app.components.polaris import PolarisElement, s_button
from clique_app.components.session import PageState
from clique_app.components.status import badge, banner, card, facts
from clique_app.components.status import progress as progress_bar
from clique_app.components.tables import Cell, Column, Row, data_table
from clique_app.errors import CliqueError
from clique_app.imports import service
from clique_app.imports.records import KINDS
from clique_app.metrics import service as metrics
from tasks.imports import progress, remove_file, start_import

ANY_KIND = "What its columns tell"
PROBLEM_COLUMNS = (Column("Line", right=True, named=True), Column("Column", main=True), Column("What to mend"))
PAST_COLUMNS = (
    Column("Imported"),
    Column("File", main=True),
    Column("What"),
    Column("Period"),
    Column("New", right=True, named=True),
    Column("Replaced", right=True, named=True),
    Column("Here before", right=True, named=True),
    Column("Amount", right=True, named=True),
    Column("State"),
)
REMOVABLE = 9  # a cell without a column: whether the file can be removed


class Upload(PolarisElement):
    """Our own element: sends the chosen file with a fresh session token and tells how far it is."""

    tag = "clique_upload"


class FileImport(PageState):
    """The file this person has chosen, and the files of the store."""

    loaded: bool = False
    kind: str = ""
    preview: PreviewView = PreviewView()
    notes: list[str] = []
    problems: list[Row] = []
    columns: list[str] = []
    sample: list[list[str]] = []
    past: list[Row] = []
    removing: int = 0
    removing_text: list[str] = []
    busy: bool = False
    problem_line: str = ""
    told: str = ""  # for who cannot see the page change

    @rx.event
    async def load(self) -> None:
        """Read what is shown."""
        await self._show()

    async def _show(self) -> None:
        before = self.preview
        for name, value in (await self.in_session(import_view, self.user_id)).items():
            setattr(self, name, value)
        self.loaded = True
        if before.importing and not self.preview.importing:
            self.told = f"{before.name} was not imported." if self.preview.message else f"{before.name} was imported."

    @rx.event
    async def uploaded(self) -> None:
        """A file has arrived and was read."""
        self.problem_line = ""
        await self._show()
        self.told = f"{self.preview.name} was read. {self.preview.problem_text or 'Look at it below, then import it.'}"

    @rx.event
    def choose_kind(self, kind: str) -> None:
        """What the next file is; empty: its columns tell."""
        self.kind = kind if kind in KINDS else ""

    @rx.event
    async def import_file(self) -> Any:
        """Import the file that is shown."""
        self.problem_line, self.busy = "", True
        yield
        try:
            await asyncio.to_thread(start_import, self.store_id, self.preview.file_id, self.user_id)
            self.told = f"{self.preview.name} is being imported."
        except CliqueError as error:
            self.problem_line = error.message
        finally:
            self.busy = False
        await self._show()

    @rx.event
    async def discard(self) -> None:
        """Forget the file that is shown."""
        await self.in_session(service.discard, self.preview.file_id, self.user_id)
        self.told = "The file was not imported."
        await self._show()

    @rx.event
    async def ask_remove(self, file_id: str) -> None:
        """Say what a removal takes away, and ask."""
        row = next((one for one in self.past if one.key == file_id), None)
        if row is None or not file_id.isdecimal():
            return
        goes_too = await self.in_session(service.goes_too, int(file_id))
        self.removing = int(file_id)
        cells = [cell.text for cell in row.cells]
        self.removing_text = [
            f"{cells[1]}: {cells[2].lower()}, {cells[3]}.",
            "What this file brought goes out of every figure. What Shopify or an ad platform has sent itself stays.",
            goes_too or "Rows of an older file that this one replaced do not come back: import that file again.",
        ]

    @rx.event
    def keep(self) -> None:
        """Do not remove it."""
        self.removing = 0

    @rx.event
    async def remove(self) -> Any:
        """Take the file's rows out."""
        file_id, self.busy, self.problem_line = self.removing, True, ""
        yield
        try:
            done = await asyncio.to_thread(remove_file, self.store_id, file_id, self.user_id)
            self.told = f"The file was removed, {done.counts.get('removed', 0):,} rows with it."
        except CliqueError as error:
            self.problem_line = error.message
        finally:
            self.busy, self.removing = False, 0
        await self._show()


def import_view(session: Session, store_id: int, user_id: int) -> dict[str, Any]:
    """The card in one session."""
    store = metrics.store(session, store_id)
    shown = service.preview(session, store_id, user_id)
    past = service.past(session, store_id)
    return {
        "preview": preview_view(shown, progress(store_id, shown.file_id)) if shown else PreviewView(),
        "notes": list(shown.notes) if shown else [],
        "problems": [
            Row(
                str(n),
                [Cell(f"{one.line:,}" if one.line else "–"), Cell(one.column or "Whole file"), Cell(one.message)],
            )
            for n, one in enumerate(shown.problems if shown else ())
        ],
        "columns": list(shown.columns) if shown else [],
        "sample": [list(line) for line in shown.sample] if shown else [],
        "past": [past_row(one, store.currency, ZoneInfo(store.time_zone)) for one in past],
    }


def _chooser() -> rx.Component:
    field = rx.el.input(
        type="file",
        accept=".csv,.tsv,.txt,text/csv",
        id="import-file",
        disabled=~cast(Any, FileImport.loaded),  # before, nobody knows yet whose file it would be
        custom_attrs={"aria-describedby": "import-status"},
    )
    return Upload.create(
        rx.el.label("Choose a file", field, class_name="c-file-button", html_for="import-file"),
        rx.el.progress(max="1", hidden=True, custom_attrs={"aria-label": "Sending the file"}),
        rx.el.span(id="import-status", class_name="c-small c-second", role="status"),
        rx.el.button(type="button", hidden=True, on_click=FileImport.uploaded, custom_attrs={"data-done": ""}),
        custom_attrs={"data-url": "/files", "data-kind": FileImport.kind},
        class_name="c-upload",
    )


def _count(number: Any, word: str) -> rx.Component:
    return rx.el.div(rx.el.strong(number), rx.el.span(word), class_name="c-import-count")


def _problems(shown: Any) -> rx.Component:
    return rx.fragment(
        banner(shown.problem_text, shown.problems_shown, tone="critical"),
        data_table("import-problems", PROBLEM_COLUMNS, FileImport.problems, label="Problems by line", stacked=True),
    )


def _sample() -> rx.Component:
    table = rx.el.table(
        rx.el.caption("The first of them", class_name="c-visually-hidden"),
        rx.el.thead(
            rx.el.tr(rx.foreach(FileImport.columns, lambda name: rx.el.th(name, custom_attrs={"scope": "col"})))
        ),
        rx.el.tbody(
            rx.foreach(FileImport.sample, lambda line: rx.el.tr(rx.foreach(line, lambda cell: rx.el.td(cell))))
        ),
        id="import-sample",
        class_name="c-table",
    )
    return rx.el.div(
        table, class_name="c-table-scroll", tab_index=0, role="region", custom_attrs={"aria-label": "The first of them"}
    )


def _preview() -> rx.Component:
    shown = cast(Any, FileImport.preview)
    buttons = rx.el.div(
        s_button(shown.button, on_click=FileImport.import_file, disabled=~shown.can_import, loading=FileImport.busy),
        s_button("Discard", on_click=FileImport.discard, disabled=FileImport.busy),
        class_name="c-actions",
    )
    running = rx.el.div(
        progress_bar(shown.step, shown.done, shown.total, share=shown.share),
        rx.el.span(shown.running, role="status", class_name="c-small c-second"),
        class_name="c-stack",
    )  # fmt: skip
    return rx.el.section(
        rx.el.div(
            rx.el.h3(shown.name),
            rx.cond(shown.problem_text != "", badge("Cannot be imported", "blocked"), badge("Preview", "info")),
            class_name="c-actions",
        ),
        facts(
            ("What", shown.kind), ("Lines", shown.lines), ("Period", shown.period),
            (rx.cond(shown.amount_label != "", shown.amount_label, "Amount"), shown.amount),
        ),
        rx.cond(
            shown.problem_text != "",
            _problems(shown),
            rx.fragment(
                rx.el.div(
                    _count(shown.new, "New"),
                    _count(shown.replaced, "Will be replaced"),
                    _count(shown.kept, "Already here"),
                    class_name="c-import-counts",
                ),
                _sample(),
            ),
        ),
        rx.cond(
            cast(Any, FileImport.notes).length() > 0,
            rx.el.ul(rx.foreach(FileImport.notes, lambda note: rx.el.li(note)), class_name="c-import-notes"),
        ),
        rx.cond(shown.message != "", banner("The import failed; nothing was kept", shown.message, tone="critical")),
        rx.cond(shown.importing, running, buttons),
        class_name="c-inset c-stack c-import-preview",
        custom_attrs={"aria-label": "Preview of the file"},
    )  # fmt: skip


def _remove_button(row: Any) -> rx.Component:
    button = s_button(
        "Remove",
        on_click=FileImport.ask_remove(row.key),
        accessibility_label="Remove " + row.cells[1].text,
    )
    return rx.cond(row.cells[REMOVABLE].text != "", button)


def _confirm() -> rx.Component:
    return dialog(
        "remove-file",
        block(rx.foreach(FileImport.removing_text, lambda text: rx.el.p(text))),
        open=FileImport.removing > 0,
        title="Remove this file from the figures?",
        on_close=FileImport.keep,
        foot=(
            rx.el.span("It can be imported again.", class_name="c-small c-second"),
            rx.el.div(
                s_button("Keep it", on_click=FileImport.keep, disabled=FileImport.busy),
                s_button("Remove", tone="critical", on_click=FileImport.remove, loading=FileImport.busy),
                class_name="c-actions",
            ),
        ),
    )


def file_import() -> rx.Component:
    """The card, and below it the files of before."""
    chosen = select("What it is", FileImport.kind, FileImport.choose_kind, [("", ANY_KIND), *KINDS.items()])
    failed = banner("That did not work", FileImport.problem_line, tone="critical")
    return rx.fragment(
        card(
            "Import a file",
            rx.el.div(chosen, _chooser(), class_name="c-import-row"),
            rx.el.p(FileImport.told, class_name="c-visually-hidden", role="status"),
            rx.cond(FileImport.problem_line != "", failed),
            rx.cond(cast(Any, FileImport.preview).file_id > 0, _preview()),
            note="Shopify’s own orders, products or customers export; a sheet of day, channel, campaign, spend and "
            "currency for a channel that is not connected; or reviews, referrals and the like. CSV up to 50 MB. You "
            "see what it would do first.",
        ),
        rx.cond(
            cast(Any, FileImport.past).length() > 0,
            card(
                "Imported files",
                data_table(
                    "imported-files", PAST_COLUMNS, FileImport.past, label="Imported files",
                    row_action=_remove_button, stacked=True,
                ),
                flush=True,
            ),
        ),
        _confirm(),
    )  # fmt: skip
