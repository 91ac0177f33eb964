"""What the default store advertises at Pinterest, as such campaigns usually run, and how visits from there arrive."""

from __future__ import annotations

from clique_app.sandbox.scenarios import ORDINARY, CampaignPlan

ADVERTISED = (
    CampaignPlan(
        "Home decor | Boards",
        ORDINARY,
        65,
        1.9,
        (("Home decor interest", 2, ("Styled shelf pin", "Mantel pin")), ("Actalike buyers", 1, ("Styled shelf pin",))),
        product="Amber & Oud 8 oz Candle",
        launched_months_ago=10,
        cpm=5.5,
        ctr=0.007,
        channel="pinterest",
        objective="WEB_CONVERSION",
    ),
    CampaignPlan(
        "Gift guides",
        ORDINARY,
        45,
        2.5,
        (("Gift searches", 1, ("Gift guide pin", "Under 50 dollars pin")),),
        product="Hostess Gift Box",
        on_ad_sets=True,
        launched_months_ago=4,
        cpm=6.5,
        ctr=0.009,
        channel="pinterest",
        objective="WEB_CONVERSION",
    ),
)
ARRIVALS = {"pinterest": ("https://www.pinterest.com/", "epik=dj0yJnU9")}
