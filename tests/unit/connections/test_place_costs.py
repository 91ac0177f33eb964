"""What fulfilling an order costs where it goes, as it is typed."""

import pytest

from clique_app.connections.place_costs import effect, parsed, written


@pytest.mark.parametrize(
    ("text", "kept", "shown"),
    [
        ("", {}, ""),
        ("ca 9.5; US-hawaii 14", {"CA": "9.50", "US-hawaii": "14.00"}, "CA 9.50, US-Hawaii 14.00"),
        ("US-New York: 7, US 6", {"US-new york": "7.00", "US": "6.00"}, "US 6.00, US-New York 7.00"),
        ("CA-Qu\u00e9bec 0", {"CA-qu\u00e9bec": "0.00"}, "CA-Qu\u00e9bec 0.00"),
    ],
)
def test_places_and_amounts_are_kept_and_read_back(text: str, kept: dict[str, str], shown: str) -> None:
    assert parsed(text) == (kept, "")
    assert written(kept) == shown
    assert parsed(shown) == (kept, "")
    assert "No order" not in effect(kept, kept.keys())


def test_a_place_no_order_has_gone_to_is_told() -> None:
    kept, _ = parsed("US 6, US-Hawai 14, CA 9")
    assert "No order has gone to CA, US-Hawai so far" in effect(kept, {"US", "US-hawaii"})
    assert "No order" not in effect({}, ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Canada 9", "such as CA 9.50"),
        ("CA", "such as CA 9.50"),
        ("CA -1", "such as CA 9.50"),
        ("CA 9.505", "such as CA 9.50"),
        ("UK 9", "UK is no country"),
        ("CA 100001", "CA: enter at most 100,000"),
        ("US-Maine 1, us-MAINE 2", "US-Maine is there twice"),
    ],
)
def test_what_is_no_place_with_an_amount_says_what_to_enter(text: str, problem: str) -> None:
    kept, said = parsed(text)
    assert not kept
    assert problem in said
