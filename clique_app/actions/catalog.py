"""ACTIONS: every kind of change Clique can make on a platform."""

from __future__ import annotations

from clique_app.actions.definition import ActionKind, Change
from clique_app.actions.gate import budget_checks
from clique_app.errors import NotFound
from clique_app.metrics.format import exact


def _calls(change: Change) -> tuple[str, ...]:
    before, after = _amounts(change)
    return (
        f"Read the daily budget of {change.kind_of_object} {change.name} at {change.platform}. "
        f"If it is not {before}, stop and tell you.",
        f"Set the daily budget to {after}. Nothing else on the {change.kind_of_object} changes.",
        f"Read it back. Only a budget of {after} counts as applied.",
    )


def _undo(change: Change) -> str:
    before, after = _amounts(change)
    return (
        f"Sets the budget back to {before} while it is still {after}, with one call. Money already spent stays spent."
    )


def _amounts(change: Change) -> tuple[str, str]:
    return exact(change.before, "money", change.currency), exact(change.after, "money", change.currency)


CHANGE_BUDGET = ActionKind(key="change_budget", label="Change budget", checks=budget_checks, calls=_calls, undo=_undo)

ACTIONS = (CHANGE_BUDGET,)


def action_kind(key: str) -> ActionKind:
    """The kind of action with this key."""
    for kind in ACTIONS:
        if kind.key == key:
            return kind
    raise NotFound(f"There is no action {key!r}. Known: {', '.join(kind.key for kind in ACTIONS)}.")
