"""Connections as pages show them: written text only. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from clique_app.components.source_views import (
    SOURCE_STATES,
    ProgressView,
    how_far,
    import_view,
    time_left,
)
from clique_app.connections.ad_accounts_service import CONNECT_ERRORS, AccountInUse, Overview
from clique_app.integrations.channels import AdAccount
from clique_app.metrics import format
from clique_app.sync.connections_service import Linked
from clique_app.sync.overview_service import Standing

ACCESS_STATES = {
    "not_connected": ("Not connected", "plain"),
    "disconnected": ("Not connected", "plain"),
    "choosing_account": ("Choose accounts", "info"),
    "connected": ("Connected", "success"),
    "refused": ("Refused", "critical"),
    "expired": SOURCE_STATES["expired"],
    "revoked": SOURCE_STATES["expired"],
}
STEPS = {
    "connected": "done",
    "refused": "retry",
    "choosing_account": "choose",
    "expired": "reconnect",
    "revoked": "reconnect",
}
WORST_FIRST = ("failed", "incomplete", "not_allowed", "stale", "importing", "reading", "waiting")
STAYS = (
    "Everything that was read so far, and every figure made of it.",
    "Actions, their proof and your settings.",
    "What you gave Clique at {label} itself: take it back there if nobody else of yours uses it.",
)


@dataclass(frozen=True)
class SourceLine:
    """One source of a connection: how old it is, or how far it is being read."""

    label: str
    told: str
    badge: str
    state: str
    left: str = ""  # how long the reading still takes, where that is known
    share: float = 0.0  # of the reading that is done


@dataclass(frozen=True)
class ConnectionView:
    """One connection as it stands."""

    key: str
    label: str
    way: str  # login, install or tells
    step: str  # connect, reconnect, choose, retry, done
    badge: str
    state: str
    brings: str = ""
    accounts: list[str] = field(default_factory=list)  # in words, those in use
    age: str = ""
    access: str = ""  # since when, and when it ends
    permissions: str = ""  # how many
    given: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    problem: str = ""  # in words, with what to do
    sync: str = ""  # the word on the button; empty: nothing can be read now
    sources: list[SourceLine] = field(default_factory=list)
    imports: list[ProgressView] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)  # what a disconnect ends
    stays: list[str] = field(default_factory=list)
    ends: str = ""  # how, where not by a disconnect in Clique
    page: str = ""  # of Clique, where it is set up


@dataclass(frozen=True)
class AccountView:
    """One ad account to choose."""

    account_id: str
    name: str
    terms: str
    badge: str
    state: str
    chosen: bool = False


def connection_views(linked: Sequence[Linked], zone: ZoneInfo, now: datetime) -> list[ConnectionView]:
    """The connections as they stand, with how far their sources are read."""
    return [_connection(one, zone, now) for one in linked]


def summary(views: Sequence[ConnectionView]) -> str:
    """'3 of 8 connected, 1 needs you'."""
    connected = sum(one.step == "done" for one in views)
    asking = sum(
        one.step in ("reconnect", "choose", "retry") or bool(one.missing and one.step == "done") for one in views
    )
    needs = f", {asking} {'needs' if asking == 1 else 'need'} you" if asking else ""
    return f"{connected} of {len(views)} connected{needs}"


def _connection(one: Linked, zone: ZoneInfo, now: datetime) -> ConnectionView:
    access, step = one.access, STEPS.get(one.access.state, "connect")
    reached = step in ("done", "reconnect")
    badge, state = _badge(one)
    return ConnectionView(
        key=access.channel,
        label=access.label,
        way=one.way,
        step=step,
        badge=badge,
        state=state,
        brings=one.brings,
        accounts=[account_in_words(account) for account in access.accounts] if reached else [],
        age=format.age(one.fresh_at, now) if reached and one.fresh_at else "",
        access=_access(access, zone) if step != "connect" else "",
        permissions=_permissions(access) if step != "connect" else "",
        given=sorted(access.given) if step != "connect" else [],
        missing=sorted(access.missing) if step != "connect" else [],
        problem=_problem(access, one.sources) if step != "connect" else "",
        sync="Try again" if one.again else _sync(one.sources) if step == "done" else "",
        sources=[_source(source, now, reads=step == "done") for source in one.sources] if reached else [],
        imports=[import_view(source) for source in one.sources] if step == "done" else [],
        stops=list(one.stops),
        stays=[line.format(label=access.label) for line in STAYS],
        ends=one.ends,
        page=one.page,
    )


def _badge(one: Linked) -> tuple[str, str]:
    """How it stands in one word: its access first, then the worst of its sources."""
    access, sources = one.access, one.sources
    if access.state != "connected":
        return ACCESS_STATES[access.state]
    worst = next((state for state in WORST_FIRST if any(each.state == state for each in sources)), None)
    if access.missing and worst in (None, "importing", "reading", "waiting"):
        return "Permissions missing", "caution"
    if one.way == "tells" and one.told_at is None:
        return SOURCE_STATES["waiting"]
    return SOURCE_STATES[worst] if worst else ACCESS_STATES["connected"]


def _problem(access: Overview, sources: Sequence[Standing]) -> str:
    """What is wrong, and what to do; the access comes first."""
    if access.problem:
        return access.problem
    bad = next((one for one in sources if one.problem and one.state in ("failed", "incomplete", "stale")), None)
    if bad is None:
        return ""
    todo = "Clique reads again within the hour." if bad.mend is None else "Fetch again, or wait for the next hour."
    return f"{bad.label}: {bad.problem} {todo}"


def _access(access: Overview, zone: ZoneInfo) -> str:
    since = f"since {format.day(access.connected_at.astimezone(zone).date(), year=True)}" if access.connected_at else ""
    ends = f"to {format.day(access.ends_at.astimezone(zone).date(), year=True)}" if access.ends_at else ""
    return " ".join(part for part in (since, ends) if part)


def _permissions(access: Overview) -> str:
    if access.missing:
        return f"{len(access.missing)} missing"
    return f"{len(access.given)} given" if access.given else ""


def _sync(sources: Sequence[Standing]) -> str:
    if not sources:
        return ""
    return "Fetch again" if any(one.mend for one in sources) else "Sync now"


def _source(one: Standing, now: datetime, *, reads: bool) -> SourceLine:
    """reads: the access has not ended, so that a reading goes on."""
    word = SOURCE_STATES[one.state]
    if not (reads and one.current):
        return SourceLine(one.label, format.age(one.fresh_at, now), *word)
    return SourceLine(one.label, how_far(one.current), *word, time_left(one.current), one.current.share or 0.0)


def account_in_words(account: AccountInUse) -> str:
    """'Harbor (USD, America/New York), days from 23 Aug 2026, tells of changes'."""
    here = f", days from {format.day(account.read_from, year=True)}" if account.read_from else ""
    told = ", tells of changes" if account.pushes_since else ""
    return f"{account.name} ({account.currency}, {account.time_zone.replace('_', ' ')}){here}{told}"


def account_views(accounts: list[AdAccount], used: Collection[str] = ()) -> list[AccountView]:
    """The accounts to choose from, the active ones first."""
    ordered = sorted(accounts, key=lambda one: (not one.active, one.name))
    return [
        AccountView(
            one.account_id,
            one.name,
            f"{one.account_id}, {one.currency}, {one.time_zone.replace('_', ' ')}",
            *(("Active", "success") if one.active else ("Not active", "plain")),
            chosen=one.account_id in used,
        )
        for one in ordered
    ]


def connect_problem(query: dict[str, str]) -> str:
    """The words for connect_error in the page's URL; nothing from the URL itself is shown."""
    reason = query.get("connect_error", "")
    return CONNECT_ERRORS.get(reason, CONNECT_ERRORS["refused"]) if reason else ""
