"""Which of the objects that webhooks hinted at are read next."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from clique_app.sync.topics import ObjectKind

NEW_TOGETHER = 20  # small enough for what Shopify's limit has left while changes are read
CHANGED_TOGETHER = 50


@dataclass(frozen=True, slots=True)
class Hinted:
    """An object with deliveries that wait, as one that says it was deleted says, or else the oldest."""

    kind: ObjectKind
    object_id: int
    number: int
    attempts: int
    deleted: bool = False


def next_together(
    waiting: Sequence[Hinted], missing: Collection[tuple[ObjectKind, int]], *, changes: bool = True
) -> list[Hinted]:
    """What to fetch in one go: what is not here yet before what has changed, each as it came, of one kind. What
    failed before is tried by itself, so that one bad object holds up no other. changes: if they
    may be read now."""
    new = [one for one in waiting if (one.kind, one.object_id) in missing and not one.attempts]
    pool, most = (new, NEW_TOGETHER) if new else (waiting if changes else (), CHANGED_TOGETHER)
    if not pool:
        return []
    first = min(pool, key=lambda one: one.number)
    if first.attempts:
        return [first]
    alike = sorted((one for one in pool if one.kind == first.kind and not one.attempts), key=lambda one: one.number)
    return alike[:most]
