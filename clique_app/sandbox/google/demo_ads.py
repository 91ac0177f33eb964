"""What the default store advertises at Google, as such campaigns usually run, and how visits from there arrive."""

from __future__ import annotations

from clique_app.sandbox.scenarios import ORDINARY, CampaignPlan

ADVERTISED = (
    CampaignPlan(
        "Brand Search",
        ORDINARY,
        40,
        9.0,
        (("Harbor Lane", 1, ("Official shop",)),),
        elasticity=0.4,
        fill=0.8,
        claims_organic=4.0,  # people who would have come anyway
        cpm=95.0,
        ctr=0.16,
        channel="google",
        objective="SEARCH",
    ),
    CampaignPlan(
        "Shopping | Candles",
        ORDINARY,
        140,
        3.6,
        (("All candles", 1, ("Product listing",)),),
        cpm=9.0,
        ctr=0.011,
        channel="google",
        objective="SHOPPING",
    ),
    CampaignPlan(
        "Generic Search | Soy candles",
        ORDINARY,
        95,
        1.7,
        (("Soy candles", 2, ("Clean burning", "Hand poured")), ("Candle gifts", 1, ("Gift ideas",))),
        product="Linen & Sage 8 oz Candle",
        launched_months_ago=11,
        cpm=60.0,
        ctr=0.045,
        channel="google",
        objective="SEARCH",
    ),
    CampaignPlan(
        "Performance Max | All products",
        ORDINARY,
        125,
        3.0,
        (("All products", 1, ("Asset group",)),),
        launched_months_ago=8,
        claims_organic=1.6,
        cpm=8.0,
        ctr=0.012,
        channel="google",
        objective="PERFORMANCE_MAX",
    ),
)
ARRIVALS = {"google": ("https://www.google.com/", "gclid=Cj0KCQ")}
