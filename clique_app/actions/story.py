"""An action's story, step by step, in words. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from clique_app.actions.definition import Step
from clique_app.metrics.format import exact


def steps(
    *,
    state: str,
    note: str,
    after: Decimal | None,
    read_back: Decimal | None,
    currency: str,
    asked_at: datetime,
    written_at: datetime | None,
    settled_at: datetime | None,
) -> tuple[Step, ...]:
    """Accepted, set, verified; or where and why it ended."""
    accepted = Step("Accepted", "", asked_at, "done")
    if state in ("refused", "withdrawn"):
        return (accepted, Step(state.capitalize(), note, settled_at, "failed"))
    if state == "intended":
        return (accepted, Step("Waiting", "Nothing has been sent yet", None, "waiting"))
    sent = Step("Sent", f"{exact(after, 'money', currency)} a day", written_at, "done")
    if state == "writing":
        return (accepted, sent, Step("Verifying", "Reading the budget back", None, "waiting"))
    if state == "applied":
        detail = f"Read back: {exact(read_back, 'money', currency)}"
        return (accepted, sent, Step("Applied and verified", detail, settled_at, "done"))
    if state == "not_applied":
        ended = Step("Not applied", note, settled_at, "failed")
        return (accepted, ended) if written_at is None else (accepted, sent, ended)
    return (accepted, sent, Step("Not known", note, settled_at, "failed" if settled_at else "waiting"))
