"""The payback curve counts each day over those who have been here that long."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from clique_app.customers.grid import payback

customers = st.lists(
    st.tuples(st.integers(0, 20), st.dictionaries(st.integers(0, 20), st.integers(0, 5000), max_size=4)), min_size=1
)  # how many days each has been here, and cents by day of age


@given(customers)
def test_the_curve_is_the_sum_of_daily_means_over_those_old_enough(book: list[tuple[int, dict[int, int]]]) -> None:
    by_age: dict[int, Decimal] = {}
    ages: dict[int, int] = {}
    for age, spent in book:
        ages[age] = ages.get(age, 0) + 1
        for day, cents in spent.items():
            if day <= age:
                by_age[day] = by_age.get(day, Decimal(0)) + Decimal(cents) / 100
    found = payback(by_age, ages, Decimal(10), "", 365)
    total = Decimal(0)
    assert len(found.curve) == max(ages) + 1
    for day, shown in enumerate(found.curve):
        old = [spent for age, spent in book if age >= day]
        total += sum((Decimal(spent.get(day, 0)) / 100 for spent in old), Decimal(0)) / len(old)
        assert abs(shown - total) < Decimal("1e-20")
    reached = [day for day, shown in enumerate(found.curve) if shown >= 10]
    assert found.days == (reached[0] if reached else None)
    assert found.recovered == found.curve[-1] / 10


def test_what_is_not_reached_yet_is_unknown_with_the_share_recovered() -> None:
    found = payback({0: Decimal(20), 40: Decimal(10)}, {60: 2}, Decimal(30), "", 365)
    assert (found.days, found.recovered) == (None, Decimal("0.5"))
    assert found.reason == "After 60 days it is not covered yet."
    assert payback({0: Decimal(20)}, {9: 1}, None, "Ads are being read.", 365).reason == "Ads are being read."
    assert payback({}, {}, Decimal(30), "", 365).days is None
