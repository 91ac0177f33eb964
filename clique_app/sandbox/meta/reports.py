"""Asynchronous insights: a report is prepared while its caller asks how far it is, and sometimes it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from clique_app.sandbox.faults import Faults
from clique_app.sandbox.meta.errors import GraphError
from clique_app.sandbox.records import AdAccount

Row = dict[str, Any]
STATES = (("Job Running", 40), ("Job Completed", 100))
SLOW = (("Job Not Started", 0), ("Job Started", 5), ("Job Running", 60), ("Job Completed", 95), ("Job Completed", 100))
FAILED = (("Job Running", 40), ("Job Failed", 70))
SKIPPED = (("Job Not Started", 0), ("Job Skipped", 0))
BY_FAULT = {"report_slow": SLOW, "report_failed": FAILED, "report_skipped": SKIPPED}
MOST_KEPT = 64


@dataclass(slots=True)
class Report:
    """One run; its rows are worked out when they are first asked for."""

    account: AdAccount
    level: str
    make: Callable[[], list[Row]]
    states: tuple[tuple[str, int], ...]
    looks: int = 0
    rows: list[Row] | None = field(default=None, repr=False)

    @property
    def state(self) -> tuple[str, int]:
        return self.states[min(max(self.looks, 1), len(self.states)) - 1]


class Reports:
    """The runs of late; older ones are forgotten, as at Meta after some weeks."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._reports: dict[str, Report] = {}
        self._made = 0

    def start(self, account: AdAccount, level: str, make: Callable[[], list[Row]], path: str) -> str:
        fault = self._faults.take("meta", *BY_FAULT, path=path, method="POST")
        self._made += 1
        run_id = f"6{self._made:015d}"
        self._reports[run_id] = Report(account, level, make, BY_FAULT.get(fault or "", STATES))
        while len(self._reports) > MOST_KEPT:
            self._reports.pop(next(iter(self._reports)))
        return run_id

    def find(self, run_id: str) -> Report | None:
        return self._reports.get(run_id)

    def look(self, run_id: str) -> Row:
        """How far it is; each look is a step further."""
        report = self._reports[run_id]
        report.looks += 1
        status, done_pct = report.state
        return {
            "id": run_id,
            "account_id": report.account.account_id,
            "async_status": status,
            "async_percent_completion": done_pct,
        }

    def rows(self, run_id: str) -> list[Row]:
        report = self._reports[run_id]
        if report.state != ("Job Completed", 100):
            raise GraphError("(#2642) The report is not ready yet.", 2642)
        if report.rows is None:
            report.rows = report.make()
        return report.rows
