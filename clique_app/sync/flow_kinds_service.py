"""What each e-mail flow is for, as Clique takes it by its name and trigger, or as a person has said."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, select

from clique_app import clock
from clique_app.connections.roles import require_may_act
from clique_app.errors import InvalidInput, NotFound
from clique_app.integrations.klaviyo.mapping import FLOW_KINDS, flow_kind
from clique_app.tables import AuditEntry, EmailProgram

NOT_LISTED = "not_listed"  # the platform does not name it any more


@dataclass(frozen=True)
class Flow:
    """One flow and its kind."""

    program_id: int
    name: str
    status: str  # in the platform's words
    trigger: str
    kind: str
    is_set: bool  # a person said so


def flows(session: Session, store_id: int) -> list[Flow]:
    """Those that are sent first, by name; what the platform does not list any more last."""
    query = select(EmailProgram).where(EmailProgram.store_id == store_id, EmailProgram.sort == "flow")
    ordered = sorted(session.exec(query), key=lambda one: (one.status == NOT_LISTED, one.status != "live", one.name))
    return [Flow(one.program_id, one.name, one.status, one.trigger, one.kind, one.kind_set) for one in ordered]


def say(session: Session, store_id: int, program_id: int, kind: str, user_id: int) -> None:
    """A flow is of this kind, whatever later readings would take it for; an empty kind: as Clique takes it."""
    require_may_act(session, store_id, user_id)
    if kind and kind not in FLOW_KINDS:
        raise InvalidInput("There is no such kind of flow.")
    flow = session.get(EmailProgram, (store_id, program_id))
    if flow is None or flow.sort != "flow":
        raise NotFound("This flow is not here any more.")
    before = flow.kind
    flow.kind, flow.kind_set = kind or flow_kind(flow.name, flow.trigger), bool(kind)
    detail = {"flow": flow.name, "before": before, "kind": flow.kind, "set": flow.kind_set}
    session.add(AuditEntry(store_id=store_id, at=clock.now(), user_id=user_id, what="flow_kind_set", detail=detail))
