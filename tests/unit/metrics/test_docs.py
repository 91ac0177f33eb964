"""docs/metrics.md says what the catalogue says, and the catalogue holds what was promised."""

import pytest

from clique_app.metrics import docs, registry
from clique_app.metrics.definition import NAMES, Formula, Metric

PROMISED = """
cac ctr cvr cpc cpm roas traffic_by_channel new_visitors email_signup_rate cost_per_signup session_to_signup_ratio
bounce_rate source_roi add_to_cart_rate view_to_cart_ratio product_view_depth session_duration scroll_depth
wishlist_add_rate cart_abandonment_rate product_bounce_rate email_open_rate email_click_rate engagement_score
repeat_visit_7d_rate repeat_purchase_rate days_between_purchases ltv ltv_predicted active_customer_rate churn_rate
reorder_probability subscription_retention_rate engagement_decay_rate winback_open_rate replenishment_accuracy
clv_cac_ratio nps referral_conversion_rate ugc_submission_rate review_participation_rate loyalty_participation_rate
vip_revenue_share post_purchase_open_rate post_purchase_click_rate social_engagement_rate
mer amer aov ltv_cac payback_days contribution_before_ads contribution_profit net_profit contribution_margin roi cpa
rpmo refund_rate discount_rate gross_margin spend_share break_even_roas marginal_roas stockout_days days_of_cover
sell_through_rate inventory_value ad_cvr reported_roas days_between_purchases_mean ltv_net_sales
"""


def test_the_page_is_current() -> None:
    assert docs.PAGE.read_text() == docs.page(), "run python -m clique_app.metrics.docs"


@pytest.mark.parametrize("key", PROMISED.split())
def test_what_was_promised_is_in_the_catalogue(key: str) -> None:
    assert registry.metric(key).key == key


@pytest.mark.parametrize("item", registry.METRICS, ids=lambda item: item.key)
def test_every_entry_says_what_a_reader_asks(item: Metric) -> None:
    assert item.name
    assert item.origin
    assert registry.grain(item)
    assert {"day", "week", "month"} <= set(registry.dimensions(item)) <= set(NAMES)
    assert not isinstance(item, Formula) or item.example[1]
