"""A survey link opened and answered: one answer a link, which may be changed for ten minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from clique_app import clock
from clique_app.advocacy import survey
from clique_app.advocacy.settings_service import choices_of
from clique_app.advocacy.survey import Link
from clique_app.errors import NotFound, Refused
from clique_app.tables import Store, SurveyResponse, VoiceSettings

# one statement: two answers at the same moment are one, and the later of them a change of it
_ANSWER = """
insert into survey_response as r
  (store_id, subject, order_id, day, answered_at, changed_at, nps, heard, channel)
values (:store, :subject, :order, :day, :now, :now, :nps, :heard, :channel)
on conflict (store_id, subject) do update set
  nps = excluded.nps, heard = excluded.heard, channel = excluded.channel, changed_at = excluded.changed_at
where r.answered_at > :since
returning subject
"""


@dataclass(frozen=True)
class Shown:
    """A survey as its page shows it. nps None: not answered yet."""

    store_name: str
    colour: str
    choices: tuple[str, ...]
    nps: int | None = None
    heard: str = ""
    may_change_until: datetime | None = None


def show(session: Session, store_id: int, link: Link) -> Shown:
    """What stands behind a link. NotFound where the store has gone."""
    store, row = session.get(Store, store_id), session.get(VoiceSettings, store_id)
    if store is None or store.uninstalled_at is not None:
        raise NotFound("This store does not ask any more.")
    shown = Shown(
        store.name or store.shop_domain.split(".", 1)[0],
        row.colour if row else VoiceSettings.model_fields["colour"].default,
        tuple(label for label, _ in choices_of(row)),
    )
    answered = session.get(SurveyResponse, (store_id, link.subject))
    if answered is None:
        return shown
    until = answered.answered_at + survey.CHANGE_FOR
    return Shown(
        shown.store_name,
        shown.colour,
        shown.choices,
        answered.nps,
        answered.heard,
        until if until > clock.now() else None,
    )


def answer(session: Session, store_id: int, link: Link, nps: str, heard: str) -> None:
    """Keep an answer. A preview keeps nothing. Credit the link's order in the same transaction."""
    channel = survey.channel_of(heard, choices_of(session.get(VoiceSettings, store_id)))
    given = survey.score(nps)
    if link.is_preview:
        return
    now = clock.now()
    kept = session.execute(
        sa.text(_ANSWER),
        {
            "store": store_id,
            "subject": link.subject,
            "order": link.order_id,
            "day": clock.day_of(now, session.get_one(Store, store_id).time_zone),
            "now": now,
            "since": now - survey.CHANGE_FOR,
            "nps": given,
            "heard": heard,
            "channel": channel,
        },
    ).first()
    if kept is None:
        raise Refused("This survey was answered already, and ten minutes later an answer stays as it is. Thank you.")
