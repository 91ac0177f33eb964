"""No sequence of proposals, by any path, exceeds a cap, goes under the floor or writes on stale data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import prod

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from clique_app.actions import gate
from clique_app.actions.definition import Change, DataAge, Limits, PastChange, Situation
from clique_app.clock import day_of
from clique_app.integrations.channels import LiveObject

ZONE = "America/New_York"
LIMITS = Limits(
    kill_switch=False,
    max_step_pct=Decimal(20),
    max_day_pct=Decimal(30),
    max_account_daily_budget=Decimal(500),
    min_daily_budget=Decimal(5),
    cooldown=timedelta(hours=2),
    max_data_age=timedelta(hours=3),
    currency="USD",
)
budgets = st.integers(100, 60000).map(lambda cents: Decimal(cents) / 100)
factors = st.decimals(Decimal("0.6"), Decimal("1.5"), places=3)


@dataclass
class Written:
    change: PastChange
    undo: bool
    undone: bool = False


class BudgetChanges(RuleBasedStateMachine):
    """A budget under direct changes, undos, other people, lost answers and time, all through the one gate."""

    @initialize(live=budgets, others=st.integers(0, 450))
    def start(self, live: Decimal, others: int) -> None:
        self.live, self.others = live, Decimal(others)
        self.now = datetime(2026, 11, 1, 3, tzinfo=UTC)
        self.read_at = self.now
        self.killed = False
        self.past: list[Written] = []

    def judge(self, before: Decimal, after: Decimal, undo_of: int | None) -> bool:
        change = Change("change_budget", "meta", "1", "campaign", "9", "Gifts", before, after, "USD", undo_of=undo_of)
        now = Situation(
            limits=replace(LIMITS, kill_switch=self.killed),
            live=LiveObject("9", "Gifts", "active", self.live, "USD", self.now),
            history=tuple(written.change for written in self.past),
            other_budgets=self.others,
            data=(DataAge("Meta data", self.read_at),),
            connected_accounts=("1",),
            time_zone=ZONE,
            now=self.now,
        )
        checks = gate.budget_checks(change, now)
        allowed = all(check.passed for check in checks)
        assert allowed == (gate.refusal(checks) == "")
        if not allowed:
            return False
        assert not self.killed
        assert before == self.live, "wrote over a value that nobody had seen"
        assert after >= LIMITS.min_daily_budget
        assert self.others + after <= LIMITS.max_account_daily_budget or after < before
        if undo_of is None:
            assert abs(after / before - 1) * 100 <= LIMITS.max_step_pct
            assert self.now - self.read_at <= LIMITS.max_data_age
            for written in self.past:
                assert self.now - written.change.at >= LIMITS.cooldown
        return True

    def write(self, after: Decimal, *, undo: bool = False, lands: bool = True, answered: bool = True) -> None:
        change = PastChange(self.live, after, self.now, certain=answered, settled=answered)
        self.past.append(Written(change, undo))
        if lands:
            self.live = after

    @rule(after=budgets)
    def propose_any_amount(self, after: Decimal) -> None:
        if self.judge(self.live, after, None):
            self.write(after)

    @rule(factor=factors)
    def propose_a_step(self, factor: Decimal) -> None:
        after = round(self.live * factor, 2)
        if self.judge(self.live, after, None):
            self.write(after)

    @rule(factor=factors, lands=st.booleans())
    def propose_a_step_whose_answer_is_lost(self, factor: Decimal, lands: bool) -> None:
        after = round(self.live * factor, 2)
        if self.judge(self.live, after, None):
            self.write(after, lands=lands, answered=False)

    @rule()
    def settle_what_is_open(self) -> None:
        """As verdict.of_read_back does: the new value stands, the old one does, or somebody else's."""
        kept: list[Written] = []
        for written in self.past:
            if not written.change.settled:
                if self.live == written.change.before != written.change.after:
                    continue
                certain = self.live == written.change.after
                written.change = replace(written.change, certain=certain, settled=True)
            kept.append(written)
        self.past = kept

    @rule(shown=budgets, factor=factors)
    def propose_on_an_old_value(self, shown: Decimal, factor: Decimal) -> None:
        self.judge(shown, round(shown * factor, 2), None)

    @rule(index=st.integers(0, 30))
    def undo(self, index: int) -> None:
        applied = [w for w in self.past if w.change.certain and not w.undo and not w.undone]
        if not applied:
            return
        written = applied[index % len(applied)]
        if self.judge(written.change.after, written.change.before, undo_of=1):
            written.undone = True
            self.write(written.change.before, undo=True)
            assert self.live == written.change.before

    @rule(value=budgets)
    def somebody_else_changes_it(self, value: Decimal) -> None:
        self.live = value

    @rule(hours=st.integers(0, 30), synced=st.booleans())
    def time_passes(self, hours: int, synced: bool) -> None:
        self.now += timedelta(hours=hours)
        self.read_at = self.now if synced else self.read_at

    @rule()
    def flip_the_kill_switch(self) -> None:
        self.killed = not self.killed

    @invariant()
    def a_day_never_compounds_past_its_limit(self) -> None:
        sure = [written for written in self.past if written.change.certain]
        for day in {day_of(written.change.at, ZONE) for written in sure}:
            today = [written for written in sure if day_of(written.change.at, ZONE) == day]
            if any(written.undo for written in today):
                continue  # restoring may go as far as it must
            product = prod((written.change.after / written.change.before for written in today), start=Decimal(1))
            assert abs(product - 1) * 100 <= LIMITS.max_day_pct + Decimal("1e-9")


BudgetChanges.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestNoSequencePassesALimit = BudgetChanges.TestCase
