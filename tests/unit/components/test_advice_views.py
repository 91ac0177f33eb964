"""Recommendations in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from clique_app.actions import story
from clique_app.actions.definition import ActionView, Check, Outcome
from clique_app.components import advice_views
from clique_app.components.advice_views import Reader
from clique_app.recommendations.definition import Card, Evidence

NOW = datetime(2026, 11, 20, 19, 1, tzinfo=UTC)
READER = Reader("America/New_York", 7, NOW)
ROAS = Evidence(
    "ROAS, attributed",
    "3.5004",
    "ratio",
    "last touch",
    {"metric": "roas", "from": "2026-10-21", "to": "2026-11-19", "channel": "meta", "campaign_id": 12},
)
BREAK_EVEN = Evidence(
    "Break-even ROAS, last 30 days",
    "2.24",
    "ratio",
    "costs",
    {"metric": "break_even_roas", "from": "2026-10-21", "to": "2026-11-19"},
)
CARD = Card(
    recommendation_id=5,
    kind="scale_strong_campaign",
    kind_label="Strong campaign with stock",
    badge="Budget",
    state="open",
    headline="Raise Meta Gift Sets from $640 to $768 a day",
    why="It is credited with 3.50 for each unit of spend where 2.24 breaks even. Not 13.50, 3.501 or 2.24%.",
    evidence=(ROAS, BREAK_EVEN),
    before=Decimal(640),
    after=Decimal(768),
    currency="USD",
    profit_low=Decimal("110.20"),
    profit_high=Decimal("830.49"),
    basis="Credited by last touch, not causal.",
    confidence="medium",
    risk="It may return less.",
    priority="high",
    created_at=NOW,
    expires_at=NOW + timedelta(days=3),
    decided_at=None,
    decided_by=None,
    reason="",
    actions=(),
)


def action(state: str, note: str = "", *, read_back: str | None = None, undo_of: int | None = None) -> ActionView:
    read = Decimal(read_back) if read_back else None
    told = story.steps(
        state=state,
        note=note,
        after=Decimal(768),
        read_back=read,
        currency="USD",
        asked_at=NOW,
        written_at=NOW,
        settled_at=NOW,
    )
    return ActionView(
        action_id=2091,
        recommendation_id=5,
        undo_of=undo_of,
        kind="change_budget",
        channel="meta",
        level="campaign",
        platform_id="1",
        name="Gift Sets",
        before=Decimal(640),
        after=Decimal(768),
        live_before=Decimal(640),
        read_back=read,
        currency="USD",
        state=state,
        note=note,
        checks=(),
        asked_by=7,
        asked_at=NOW,
        settled_at=NOW,
        steps=told,
        can_undo=state == "applied" and undo_of is None,
    )


def test_numbers_of_the_sentence_that_are_evidence_open_and_no_others() -> None:
    parts = advice_views.card_view(CARD, READER).why
    assert [part.text for part in parts if part.opens] == ["3.50", "2.24"]
    assert "".join(part.text for part in parts) == CARD.why
    assert advice_views.asked_of(parts[1].opens) == {
        "key": "roas",
        "start": "2026-10-21",
        "end": "2026-11-19",
        "channel": "meta",
        "campaign_id": 12,
    }


@given(st.text(max_size=80))
def test_a_sentence_is_never_changed_by_what_opens_in_it(sentence: str) -> None:
    assert "".join(part.text for part in advice_views.parts(sentence, (ROAS, BREAK_EVEN), "USD")) == sentence


def test_a_range_is_signed_and_whole() -> None:
    assert advice_views.money_range(Decimal("-91.4"), Decimal("180.6"), "USD") == "−$91 to +$181"
    assert advice_views.money_range(Decimal("0.2"), None, "USD") == "Not known"


def test_an_open_card_says_how_sure_it_is_and_what_accept_sets() -> None:
    view = advice_views.card_view(CARD, READER)
    assert [mark.text for mark in view.marks] == ["High priority", "Budget"]
    assert view.sure == "Medium confidence, can be undone"
    assert view.accept_label == "Accept, set $768 a day"
    assert view.rests_on == "Rests on 30 days; credited, not causal"
    assert not view.steps


def test_an_applied_card_names_who_when_and_the_way_back() -> None:
    card = replace(CARD, state="accepted", actions=(action("applied", read_back="768"),))
    view = advice_views.card_view(card, READER)
    assert view.marks[0].text == "Applied and verified"
    assert [step["note"] for step in view.steps] == ["You, 14:01", "$768.00 a day, 14:01", "Read back: $768.00, 14:01"]
    assert (view.undo_key, view.undo_label) == (2091, "Undo, back to $640")
    assert not view.story


def test_a_change_that_did_not_take_effect_says_both_values() -> None:
    note = "Meta answered success, but the budget is still $640.00."
    view = advice_views.card_view(replace(CARD, actions=(action("not_applied", note, read_back="640"),)), READER)
    assert view.marks[0].text == "Was not applied"
    assert view.story == f"It was not applied. Asked for $768 a day, read back $640 a day. {note}"
    assert view.undo_key == 0
    assert view.steps[-1] == {"icon": "x-circle", "tone": "critical", "title": "Not applied", "note": "14:01"}


def test_an_undone_card_offers_no_second_undo() -> None:
    done = replace(action("applied", read_back="768"), can_undo=False)
    card = replace(CARD, state="accepted", actions=(action("applied", read_back="640", undo_of=2091), done))
    view = advice_views.card_view(card, READER)
    assert (view.marks[0].text, view.undo_key, view.steps[0]["title"]) == ("Undone and verified", 0, "Undo asked for")


def test_a_blocked_change_names_each_limit_first() -> None:
    checks = (Check("floor", "Budget floor", "$768", "$5", True), Check("step", "Step size", "+20%", "10%", False))
    assert [row.key for row in advice_views.check_rows(checks)] == ["step", "floor"]
    assert advice_views.blocked(checks) == "Step size: +20%, limit 10%."
    assert advice_views.passed(checks) == "1 of 2 checks pass."


def test_an_outcome_is_told_only_where_it_is_not_what_was_wanted() -> None:
    assert advice_views.outcome_text(Outcome("applied", "")) == ""
    assert advice_views.outcome_text(Outcome("not_applied", "Still $640.")) == "The change was not applied. Still $640."
    refused = Outcome("refused", "Nothing was changed. Step size: +20%.")
    assert advice_views.outcome_text(refused) == refused.note


def test_a_dismissal_keeps_the_choice_and_the_words() -> None:
    assert advice_views.reason_of({"why": "timing", "words": " after Friday "}) == "Not the right time: after Friday"
    assert advice_views.reason_of({"why": "made up"}) == ""
    card = replace(CARD, state="dismissed", decided_at=NOW, decided_by=8, reason="Not the right time")
    assert advice_views.card_view(card, READER).decided == ("Dismissed by staff member 8 at 14:01: Not the right time")
