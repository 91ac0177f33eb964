"""The labelled situations the default store is in, and the campaigns at Meta that play them."""

from __future__ import annotations

from dataclasses import dataclass

STOCK_OUT_DAYS = 4  # before the world's first day


@dataclass(frozen=True)
class Scenario:
    """A situation a person or a test can look for."""

    key: str
    text: str


@dataclass(frozen=True)
class CampaignPlan:
    """A campaign as it runs at 120 orders a day; ad sets are (name, weight, ads)."""

    name: str
    scenario: Scenario
    budget: float  # a day, in dollars
    roas: float  # true sales per dollar
    ad_sets: tuple[tuple[str, float, tuple[str, ...]], ...]
    product: str | None = None  # the title of the product its ads show
    on_ad_sets: bool = False  # where the budget sits
    launched_months_ago: int = 13
    paused_months_ago: int | None = None
    elasticity: float = 0.8
    fill: float = 0.97
    claims_organic: float = 0.35  # per 100 dollars
    cpm: float = 12.5
    ctr: float = 0.016
    channel: str = "meta"
    objective: str = "OUTCOME_SALES"


SPENDING_ON_STOCK_OUT = Scenario(
    "spending_on_stock_out",
    "Recommendations shows a card to cut a campaign whose ads promote a product that has had no stock at any "
    "location for some days and cannot be ordered, while it keeps spending.",
)
STRONG_WITH_STOCK = Scenario(
    "strong_with_stock",
    "Recommendations shows a card to raise a campaign by one capped step: credited ROAS well above "
    "break-even, budget used up, promoted product with more than 30 days of cover.",
)
DUD = Scenario(
    "dud",
    "Home and Channels show a campaign that returns far less than break-even over many weeks, with stock.",
)
ORDINARY = Scenario("ordinary", "A campaign around break-even that deserves no card.")
ENDED = Scenario("ended", "A paused campaign with old spend and none today: history without a present.")
SCENARIOS = (SPENDING_ON_STOCK_OUT, STRONG_WITH_STOCK, DUD, ORDINARY, ENDED)

HARBOR_LANE = (
    CampaignPlan(
        "Fireside Gift Set | Gifting",
        STRONG_WITH_STOCK,
        220,
        5.0,
        (
            ("Gift givers 25-54", 3, ("Unboxing video", "Founder story")),
            ("Lookalike gift buyers", 2, ("Unboxing video", "Carousel")),
        ),
        product="Fireside Gift Set",
        elasticity=0.95,
        fill=0.995,
    ),
    CampaignPlan(
        "Winter Spice 3-Wick | Season",
        SPENDING_ON_STOCK_OUT,
        170,
        2.4,
        (
            ("Candle lovers", 3, ("Cozy evening reel", "Snow still", "Offer still")),
            ("Home decor interest", 2, ("Cozy evening reel", "Snow still")),
        ),
        product="Winter Spice 3-Wick Candle",
        launched_months_ago=2,
    ),
    CampaignPlan(
        "Lavender Travel Tin | Awareness push",
        DUD,
        150,
        0.7,
        (
            ("Broad 18-34", 3, ("Airport reel", "Suitcase still")),
            ("Travel interest", 2, ("Airport reel", "Suitcase still")),
        ),
        product="Lavender Field Travel Tin",
        launched_months_ago=5,
        elasticity=0.6,
        ctr=0.011,
    ),
    CampaignPlan(
        "Prospecting | Broad US",
        ORDINARY,
        300,
        2.2,
        (
            ("Broad women 25-54", 3, ("How it is poured", "Reviews still", "Scent quiz")),
            ("Broad men 25-54", 2, ("How it is poured", "Scent quiz")),
            ("Broad 55+", 1, ("Reviews still", "Gift still")),
        ),
        product="Discovery Set",
    ),
    CampaignPlan(
        "Retargeting | 30-day visitors",
        ORDINARY,
        120,
        3.0,
        (
            ("Product viewers", 3, ("Reviews still", "Free shipping still")),
            ("Cart abandoners", 2, ("Free shipping still", "Offer still")),
        ),
        on_ad_sets=True,
        claims_organic=1.2,
        cpm=17.0,
        ctr=0.024,
    ),
    CampaignPlan(
        "Lookalike 1% | Buyers",
        ORDINARY,
        180,
        2.5,
        (("US 1%", 3, ("Founder story", "Carousel")), ("US 2-3%", 2, ("Founder story", "Reviews still"))),
        on_ad_sets=True,
        launched_months_ago=10,
    ),
    CampaignPlan(
        "Amber & Oud | Evergreen",
        ORDINARY,
        120,
        2.5,
        (("Fragrance interest", 1, ("Dark room reel", "Notes still", "Carousel")),),
        product="Amber & Oud 8 oz Candle",
        on_ad_sets=True,
    ),
    CampaignPlan(
        "Reels | Discovery Set",
        ORDINARY,
        140,
        2.4,
        (
            ("Reels placements", 2, ("Scent quiz", "Haul reel")),
            ("Stories placements", 1, ("Haul reel", "Poll")),
        ),
        product="Discovery Set",
        launched_months_ago=8,
        ctr=0.02,
    ),
    CampaignPlan(
        "Catalog sales | All products",
        ORDINARY,
        130,
        2.7,
        (("Dynamic broad", 2, ("Catalog", "Catalog with frame")), ("Dynamic retargeting", 1, ("Catalog",))),
        launched_months_ago=11,
    ),
    CampaignPlan(
        "Summer Citrus | June sale",
        ENDED,
        140,
        2.0,
        (
            ("Broad summer", 2, ("Picnic reel", "Offer still")),
            ("Past buyers", 1, ("Offer still", "Carousel")),
        ),
        product="Citrus Grove 8 oz Candle",
        launched_months_ago=6,
        paused_months_ago=4,
    ),
)
