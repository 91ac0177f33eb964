"""What customers say and do for the store: recommendation, reviews, content, referrals, loyalty, social engagement."""

from __future__ import annotations

from dataclasses import replace

from clique_app.advocacy.survey import LEAST_ANSWERS, margin
from clique_app.metrics.catalog import groups
from clique_app.metrics.catalog.sales import CUSTOMERS
from clique_app.metrics.definition import Formula, Need, Shown, Total
from clique_app.tables.rollups import DELIVERED_ON

# a customer's latest answer stands in the place of earlier ones, whatever days are asked for
_ANSWERS = "survey_response r left join shop_order o on o.store_id = r.store_id and o.order_id = r.order_id"
_LATEST = """not exists (
    select from survey_response n join shop_order p on p.store_id = n.store_id and p.order_id = n.order_id
    where n.store_id = r.store_id and p.customer_id = o.customer_id
      and (n.answered_at, n.subject) > (r.answered_at, r.subject))"""


def _answers(key: str, name: str, meaning: str, where: str = "") -> Total:
    return Total(
        key=key,
        name=name,
        unit="count",
        meaning=meaning,
        good="up" if key != "survey_detractors" else "down",
        source=_ANSWERS,
        where=f"{_LATEST}{where}",
        amount="1",
        shown=(
            Shown("When", "r.answered_at", "time"),
            Shown("Order", "coalesce(o.name, '')"),
            Shown("Score", "r.nps", "count"),
            Shown("Heard of us", "r.heard"),
        ),
        sources=(),
        grain="an answer",
        moved_by=("answer_order",),
        needs=("answers",),
    )


def _records(
    key: str, name: str, meaning: str, table: str, need: Need, *shown: Shown, amount: str = "1", source: str = ""
) -> Total:
    return Total(
        key=key,
        name=name,
        unit="count",
        meaning=meaning,
        good="up",
        source=source or f"{table} r",
        where="not r.withdrawn",
        amount=amount,
        shown=(Shown("Told by", "r.source"), *shown),
        sources=(),
        groups={"product": "r.product_id"} if table == "review" else {},
        grain=f"a record of {name.lower()}",
        needs=(need,),
    )


def _rate(key: str, name: str, meaning: str, part: str, whole: str) -> Formula:
    return Formula(
        key=key,
        name=name,
        unit="percent",
        meaning=meaning,
        good="up",
        expression=f"{part} / {whole}",
        example=({part: "12", whole: "96"}, "0.125"),
    )


SURVEY_ANSWERS = _answers(
    "survey_answers", "Survey answers", "Answers to the survey, each customer's latest, by the day they were given."
)
SURVEY_PROMOTERS = _answers(
    "survey_promoters", "Promoters", "Answers of 9 or 10 to how likely somebody is to recommend.", " and r.nps >= 9"
)
SURVEY_DETRACTORS = _answers(
    "survey_detractors", "Detractors", "Answers of 0 to 6 to how likely somebody is to recommend.", " and r.nps <= 6"
)
NPS = Formula(
    key="nps",
    origin="Reichheld 2003",
    name="Net promoter score",
    unit="ratio",
    meaning="Share of answers of 9 and 10 less share of answers of 0 to 6, from -100 to 100, each customer's latest "
    "answer. The margin is half the 95 % interval.",
    good="up",
    expression="100 * (survey_promoters - survey_detractors) / survey_answers",
    example=({"survey_promoters": "60", "survey_detractors": "15", "survey_answers": "100"}, "45"),
    least=("survey_answers", LEAST_ANSWERS),
    margin=margin,
)
DELIVERED_ORDERS = Total(
    key="delivered_orders",
    name="Delivered orders",
    unit="count",
    meaning="Orders whose last parcel arrived in the period.",
    good="up",
    source="shop_order r left join store s on s.store_id = r.store_id" + groups.buyer("r"),
    groups=groups.of_order("r"),
    grain="an order",
    where="not r.test and r.delivered_at is not null",
    day=DELIVERED_ON.format(order="r"),
    amount="1",
    shown=(Shown("Delivered", "r.delivered_at", "time"), Shown("Order", "r.name")),
    sources=("shopify_orders",),
)
REVIEWS = _records(
    "reviews",
    "Reviews",
    "Reviews that customers wrote and that were not withdrawn.",
    "review",
    "reviews",
    Shown("Rating", "r.rating", "count"),
    Shown("Product", "coalesce(p.title, '')"),
    source="review r left join product p on p.store_id = r.store_id and p.product_id = r.product_id",
)
UGC_SUBMISSIONS = _records(
    "ugc_submissions",
    "Customers' content",
    "Pictures, videos and posts by customers that were not withdrawn.",
    "ugc",
    "ugc",
    Shown("Where", "r.network"),
)
REFERRED_VISITORS = _records(
    "referred_visitors",
    "Referred visitors",
    "Visitors whom a customer had sent.",
    "referral",
    "referrals",
    Shown("Ordered", "r.ordered", "count"),
    amount="r.visitors",
)
REFERRED_BUYERS = _records(
    "referred_buyers",
    "Referred visitors who ordered",
    "Visitors whom a customer had sent and who ordered, by the day of their visit.",
    "referral",
    "referrals",
    Shown("Visitors", "r.visitors", "count"),
    amount="r.ordered",
)
LOYAL_CUSTOMERS = replace(
    CUSTOMERS,
    key="loyal_customers",
    name="Customers who are members",
    meaning="Different customers with an order in the period who are members of the loyalty program by its end, as the "
    "e-mail tells.",
    where=f"""{CUSTOMERS.where} and exists (
    select from loyalty_member m
    where m.store_id = r.store_id and m.customer_hmac = b.email_hmac and not m.withdrawn and m.day <= :end)""",
    needs=("loyalty",),
)
SOCIAL_IMPRESSIONS = _records(
    "social_impressions",
    "Social impressions",
    "Times posts of the store's own accounts were shown, without ads.",
    "social_day",
    "social",
    Shown("Network", "r.network"),
    Shown("Account", "r.account"),
    amount="r.impressions",
)
SOCIAL_ENGAGEMENTS = _records(
    "social_engagements",
    "Social engagements",
    "Likes, comments, shares and saves of posts of the store's own accounts.",
    "social_day",
    "social",
    Shown("Network", "r.network"),
    Shown("Account", "r.account"),
    amount="r.engagements",
)

ADVOCACY = (
    SURVEY_ANSWERS,
    SURVEY_PROMOTERS,
    SURVEY_DETRACTORS,
    NPS,
    DELIVERED_ORDERS,
    REVIEWS,
    _rate(
        "review_participation_rate",
        "Review participation",
        "Reviews written in the period for each order delivered in it.",
        "reviews",
        "delivered_orders",
    ),
    UGC_SUBMISSIONS,
    _rate(
        "ugc_submission_rate",
        "Content submission",
        "Pieces of customers' content in the period for each order delivered in it.",
        "ugc_submissions",
        "delivered_orders",
    ),
    REFERRED_VISITORS,
    REFERRED_BUYERS,
    _rate(
        "referral_conversion_rate",
        "Referral conversion",
        "Share of referred visitors who ordered.",
        "referred_buyers",
        "referred_visitors",
    ),
    LOYAL_CUSTOMERS,
    _rate(
        "loyalty_participation_rate",
        "Loyalty participation",
        "Share of the period's customers who are members of the loyalty program by its end.",
        "loyal_customers",
        "customers",
    ),
    SOCIAL_IMPRESSIONS,
    SOCIAL_ENGAGEMENTS,
    _rate(
        "social_engagement_rate",
        "Social engagement",
        "Engagements for each time posts of the store's own accounts were shown.",
        "social_engagements",
        "social_impressions",
    ),
)
