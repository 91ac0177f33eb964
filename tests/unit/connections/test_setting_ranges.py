"""What may be set in Settings."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clique_app.attribution.models import MODELS
from clique_app.connections.setting_ranges import CHOICES, MODEL, SETTINGS, Setting, checked, effect, parsed, written
from clique_app.tables import StoreSettings

FRESH = StoreSettings(store_id=1)  # pyright: ignore
DEFAULTS = {s.name: written(s, getattr(FRESH, s.name)) for s in SETTINGS} | {
    c.name: getattr(FRESH, c.name) for c in CHOICES
}
BY_NAME = {setting.name: setting for setting in SETTINGS}


def test_the_products_defaults_are_within_the_ranges_and_every_one_says_what_it_does() -> None:
    values, problems = checked(DEFAULTS)
    assert not problems
    assert all(effect(name, value) for name, value in values.items())


def test_every_attribution_model_can_be_chosen() -> None:
    assert tuple(key for key, *_ in MODEL.options) == MODELS
    assert checked({**DEFAULTS, MODEL.name: "last_touch"})[1] == {MODEL.name: "Choose one of the list."}


@given(st.sampled_from(SETTINGS), st.decimals(allow_nan=False, allow_infinity=False, places=2))
def test_a_value_is_taken_exactly_where_it_is_in_its_range(setting: Setting, value: Decimal) -> None:
    found, problem = parsed(setting, f"{value:f}")
    fits = value == value.to_integral_value() or setting.places >= 2
    inside = setting.low <= value <= setting.high and fits and not value.is_signed()
    assert (problem == "") is inside
    assert found == (value if inside else None)


@given(st.sampled_from(SETTINGS), st.data())
def test_what_is_kept_reads_back_as_the_same_value(setting: Setting, data: st.DataObject) -> None:
    value = data.draw(st.decimals(setting.low, setting.high, places=setting.places))
    assert parsed(setting, written(setting, value)) == (value, "")


@given(st.sampled_from(SETTINGS), st.text(max_size=20))
def test_whatever_is_typed_gives_a_value_or_says_what_is_wrong(setting: Setting, text: str) -> None:
    value, problem = parsed(setting, text)
    assert (value is None) is (bool(problem) or (setting.optional and not text.strip()))


@pytest.mark.parametrize("text", ["", " ", "abc", "-1", "1e3", "nan", "1,00", "\uff12", "21"])
def test_what_is_no_number_in_range_is_refused_with_the_range(text: str) -> None:
    assert parsed(BY_NAME["payment_fee_pct"], text)[1].startswith("Enter")


def test_thousands_may_be_written_with_commas() -> None:
    assert parsed(BY_NAME["max_account_daily_budget"], "12,500.50") == (Decimal("12500.50"), "")


def test_limits_that_contradict_each_other_are_refused() -> None:
    _, problems = checked({**DEFAULTS, "max_step_pct": "40", "max_day_pct": "30"})
    assert problems == {"max_day_pct": "Enter at least the largest single change, 40%."}
    _, problems = checked({**DEFAULTS, "min_daily_budget": "6000"})
    assert set(problems) == {"min_daily_budget"}


def test_money_shows_its_cents_and_the_rest_no_needless_ones() -> None:
    assert (DEFAULTS["payment_fee_fixed"], DEFAULTS["max_account_daily_budget"]) == ("0.30", "5000")
    assert DEFAULTS["payment_fee_pct"] == "2.9"
