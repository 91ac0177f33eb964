"""What the default store advertises at TikTok, as such campaigns usually run, and how visits from there arrive."""

from __future__ import annotations

from clique_app.sandbox.scenarios import ORDINARY, CampaignPlan

ADVERTISED = (
    CampaignPlan(
        "Spark Ads | How it is poured",
        ORDINARY,
        100,
        2.2,
        (("Candle and home lovers", 2, ("Pouring video", "Studio tour")), ("Broad 18-44", 1, ("Pouring video",))),
        product="Discovery Set",
        launched_months_ago=9,
        cpm=7.5,
        ctr=0.011,
        channel="tiktok",
        objective="WEB_CONVERSIONS",
    ),
    CampaignPlan(
        "Cozy evening | Broad",
        ORDINARY,
        85,
        1.5,
        (("Broad 18-34", 1, ("Cozy evening video", "Haul video")),),
        on_ad_sets=True,
        launched_months_ago=6,
        claims_organic=0.6,
        cpm=6.0,
        ctr=0.009,
        channel="tiktok",
        objective="WEB_CONVERSIONS",
    ),
    CampaignPlan(
        "Retargeting | Video viewers",
        ORDINARY,
        55,
        2.8,
        (("Viewers of 30 days", 1, ("Reviews video",)),),
        launched_months_ago=6,
        claims_organic=1.4,
        cpm=9.5,
        ctr=0.014,
        channel="tiktok",
        objective="WEB_CONVERSIONS",
    ),
)
ARRIVALS = {"tiktok": ("https://www.tiktok.com/", "ttclid=E.C.P.")}
