"""The store's settings: read, changed within their ranges, and who changed what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, col, select

from clique_app import clock
from clique_app.connections import place_costs, setting_ranges
from clique_app.connections.roles import require_may_act
from clique_app.connections.setting_ranges import CHOICES, COST_METAFIELD, MODEL, NAMES, SETTINGS
from clique_app.errors import CliqueError, InvalidInput, NotFound
from clique_app.tables import AuditEntry, Store, StoreSettings

CHANGED = "settings.changed"
KILL_SWITCH = "kill_switch"
WINDOW = "attribution_window_days"
_SENT_TO = """
select distinct country, country || '-' || lower(region collate "C") from shop_order where store_id = :store_id
"""


@dataclass(frozen=True)
class Past:
    """One change of settings: name to (from, to), as text."""

    at: datetime
    user_id: int | None
    changed: dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Kept:
    """The settings as the page shows them."""

    texts: dict[str, str]
    kill_switch: bool
    currency: str
    time_zone: str
    past: tuple[Past, ...]
    no_change: str  # why this person may not change them


@dataclass(frozen=True)
class Saved:
    """What a save changed: name to (from, to)."""

    changed: dict[str, tuple[str, str]]

    @property
    def recredit(self) -> bool:
        """Whether every order has to be credited anew."""
        return bool({WINDOW, MODEL.name} & self.changed.keys())

    @property
    def reread_costs(self) -> bool:
        """Whether costs are read from another place."""
        return COST_METAFIELD.name in self.changed


def read(session: Session, store_id: int, user_id: int) -> Kept:
    """The settings, and the latest changes of them."""
    store, row = session.get_one(Store, store_id), _row(session, store_id)
    entries = session.exec(
        select(AuditEntry)
        .where(AuditEntry.store_id == store_id, AuditEntry.what == CHANGED)
        .order_by(col(AuditEntry.entry_id).desc())
        .limit(10)
    ).all()
    try:
        require_may_act(session, store_id, user_id)
        no_change = ""
    except CliqueError as error:
        no_change = error.message
    return Kept(
        texts=_texts(row),
        kill_switch=row.kill_switch,
        currency=store.currency,
        time_zone=store.time_zone,
        past=tuple(
            Past(entry.at, entry.user_id, {name: (str(old), str(new)) for name, (old, new) in entry.detail.items()})
            for entry in entries
        ),
        no_change=no_change,
    )


def save(session: Session, store_id: int, user_id: int, texts: Mapping[str, str], kill_switch: bool) -> Saved:
    """Set all of them, or none where one is out of its range. Owners and marketers only."""
    require_may_act(session, store_id, user_id)
    values, problems = setting_ranges.checked(texts)
    if problems:
        labels = {setting.name: setting.label for setting in (*SETTINGS, *NAMES, *CHOICES)}
        labels[place_costs.NAME] = place_costs.LABEL
        raise InvalidInput(" ".join(f"{labels[name]}: {problem}" for name, problem in problems.items()))
    row = _row(session, store_id, lock=True)
    before = {**_texts(row), KILL_SWITCH: _on(row.kill_switch)}
    wanted = {setting.name: setting_ranges.written(setting, values[setting.name]) for setting in SETTINGS}
    chosen = {choice.name: texts[choice.name] for choice in CHOICES}
    chosen |= {named.name: texts.get(named.name, "").strip() for named in NAMES}
    by_place, _ = place_costs.parsed(texts.get(place_costs.NAME, ""))
    places = {place_costs.NAME: place_costs.written(by_place)}
    after = {**wanted, **chosen, **places, KILL_SWITCH: _on(kill_switch)}
    changed = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
    if not changed:
        return Saved({})
    for name, value in {**values, **chosen}.items():
        setattr(row, name, value)
    row.fulfilment_by_place = by_place
    if COST_METAFIELD.name in changed:
        row.cost_metafield_at = clock.now()
    row.kill_switch, row.updated_at, row.updated_by = kill_switch, clock.now(), user_id
    session.add(row)
    detail = {name: list(pair) for name, pair in changed.items()}
    session.add(AuditEntry(store_id=store_id, at=clock.now(), user_id=user_id, what=CHANGED, detail=detail))
    session.flush()
    return Saved(changed)


def sent_to(session: Session, store_id: int) -> frozenset[str]:
    """Countries and regions that orders have gone to, as place_costs has them. Looks at every order."""
    places = session.connection().execute(text(_SENT_TO), {"store_id": store_id})
    return frozenset(place for pair in places for place in pair)


def _row(session: Session, store_id: int, *, lock: bool = False) -> StoreSettings:
    row = session.get(StoreSettings, store_id, with_for_update=True if lock else None)
    if row is None:
        raise NotFound("This store has no settings yet. Open Clique from Shopify admin once.")
    return row


def _texts(row: StoreSettings) -> dict[str, str]:
    numbers = {setting.name: setting_ranges.written(setting, getattr(row, setting.name)) for setting in SETTINGS}
    named = {one.name: getattr(row, one.name) for one in (*NAMES, *CHOICES)}
    return {**numbers, **named, place_costs.NAME: place_costs.written(row.fulfilment_by_place)}


def _on(value: bool) -> str:
    return "on" if value else "off"
