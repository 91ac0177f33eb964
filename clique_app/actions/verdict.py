"""What a read-back proves about a write. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from clique_app.actions.definition import State
from clique_app.metrics.format import exact


@dataclass(frozen=True)
class Verdict:
    state: State
    note: str
    final: bool = True  # False: look again


def of_read_back(
    *,
    platform: str,
    before: Decimal | None,
    after: Decimal,
    read: Decimal | None,
    currency: str,
    said: str = "",
    may_still_land: bool = False,
) -> Verdict:
    """Judge a write by the budget that was read after it.

    said: the platform's objection, where it made one. may_still_land: it gave no answer a short while ago, so the
    write may yet take effect.
    """
    if read == after:
        return Verdict("applied", "")
    shown = "not set on this level" if read is None else exact(read, "money", currency)
    if read != before:
        was = "unknown" if before is None else exact(before, "money", currency)
        return Verdict(
            "unknown",
            f"Clique set {exact(after, 'money', currency)}, the budget was {was} before, and {platform} now says "
            f"{shown}. Somebody else seems to have changed it meanwhile.",
        )
    if may_still_land:
        return Verdict(
            "unknown",
            f"{platform} gave no clear answer, and the budget is still {shown}. Clique looks again within minutes.",
            final=False,
        )
    if said:
        return Verdict("not_applied", f"{said} The budget is still {shown}.")
    return Verdict("not_applied", f"{platform} answered success, but the budget is still {shown}.")


def unreadable(platform: str, why: str) -> Verdict:
    """The write was sent, and its effect cannot be read yet."""
    return Verdict(
        "unknown", f"{platform} could not be read back: {why} Clique looks again within minutes.", final=False
    )
