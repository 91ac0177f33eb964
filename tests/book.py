"""A book of thirteen orders written by hand, and what the definitions make of it, worked out by hand.

The store sells in New York time, which goes to daylight saving on 8 March 2026. Fees are 2.9 % + 0.30 a payment and
fulfilment 6.50 an order (the product's defaults).
"""

from __future__ import annotations

from typing import Any

SHOP = "book.myshopify.com"
FIRST_DAY, LAST_DAY = "2026-03-02", "2026-03-09"

LANDING = f"https://{SHOP}/products/amber-candle"
META_AD = f"{LANDING}?utm_source=facebook&utm_medium=paid&utm_campaign=Spring&fbclid=x1"
GOOGLE_AD = f"{LANDING}?utm_source=google&utm_medium=cpc&utm_campaign=brand&gclid=y1"
EMAIL = f"{LANDING}?utm_source=klaviyo&utm_medium=email&utm_campaign=march"

BOOK: dict[str, Any] = {
    "shop": SHOP,
    "name": "The book",
    "currency": "USD",
    "time_zone": "America/New_York",
    "country": "US",
    "locations": ["Hudson"],
    "products": [
        {"title": "Amber candle", "sku": "A1", "price": "20.00", "unit_cost": "8.00", "stock": 100},
        {"title": "Birch candle", "sku": "B1", "price": "30.00", "unit_cost": "12.00", "stock": 100},
        {"title": "Gift card", "sku": "G1", "price": "50.00", "unit_cost": None, "stock": 0, "gift_card": True},
    ],
    "orders": [
        {  # 1: tax added, shipping: 40.00 net; charged 40 + 3.20 tax + 5.00 shipping + 0.40 tax on it
            "processed_at": "2026-03-02T12:00:00-05:00",
            "customer": "ann",
            "lines": [{"sku": "A1", "quantity": 2}],
            "tax_rate": "0.08",
            "shipping": "5.00",
            "visits": [{"at": "2026-03-01T12:00:00-05:00", "landing_page": META_AD, "source": "facebook"}],
        },
        {  # 2: tax included: 30.00 paid is 25.00 net and 5.00 tax
            "processed_at": "2026-03-02T15:00:00-05:00",
            "customer": "bob",
            "lines": [{"sku": "B1"}],
            "taxes_included": True,
            "tax_rate": "0.20",
        },
        {  # 3: one of three units given back two days later; its visit lies outside the 7-day window
            "processed_at": "2026-03-03T10:00:00-05:00",
            "customer": "cid",
            "lines": [{"sku": "A1", "quantity": 3}],
            "refunds": [{"at": "2026-03-05T09:00:00-05:00", "lines": [{"line": 0, "quantity": 1}]}],
            "visits": [{"at": "2026-02-21T10:00:00-05:00", "landing_page": GOOGLE_AD, "source": "google"}],
        },
        {  # 4: cancelled the day after
            "processed_at": "2026-03-03T11:00:00-05:00",
            "customer": "dan",
            "lines": [{"sku": "B1"}],
            "cancelled": {"at": "2026-03-04T08:00:00-05:00", "reason": "CUSTOMER"},
        },
        {  # 5: edited the same day: an amber candle becomes a birch candle
            "processed_at": "2026-03-04T10:00:00-05:00",
            "customer": "eve",
            "lines": [{"sku": "A1"}],
            "edits": [
                {
                    "at": "2026-03-04T18:00:00-05:00",
                    "add": [{"sku": "B1"}],
                    "remove": [{"line": 0, "quantity": 1}],
                }
            ],
        },
        {  # 6: a gift card is money received, not sales
            "processed_at": "2026-03-05T10:00:00-05:00",
            "customer": "fay",
            "lines": [{"sku": "G1"}],
        },
        {  # 7: zero value, and still an order
            "processed_at": "2026-03-05T11:00:00-05:00",
            "customer": "gus",
            "lines": [{"sku": "A1", "discount": "20.00"}],
        },
        {  # 8: the last second of 6 March, by a customer who came back
            "processed_at": "2026-03-06T23:59:59-05:00",
            "customer": "ann",
            "lines": [{"sku": "A1"}],
        },
        {  # 9: the first second of 7 March
            "processed_at": "2026-03-07T00:00:00-05:00",
            "customer": "hal",
            "lines": [{"sku": "A1"}],
        },
        {  # 10: a second before the clock goes forward
            "processed_at": "2026-03-08T01:59:59-05:00",
            "customer": "ivy",
            "lines": [{"sku": "A1"}],
        },
        {  # 11: half past midnight in daylight saving; in winter time it would be the day before
            "processed_at": "2026-03-09T00:30:00-04:00",
            "customer": "kim",
            "lines": [{"sku": "B1"}],
        },
        {  # 12: paid in euro, with a code: 27.00 in shop money
            "processed_at": "2026-03-09T12:00:00-04:00",
            "customer": "lou",
            "lines": [{"sku": "B1"}],
            "discount": "3.00",
            "discount_code": "TEN",
            "presentment": {"currency": "EUR", "rate": "0.92"},
            "visits": [{"at": "2026-03-09T11:00:00-04:00", "landing_page": EMAIL, "source": "email"}],
        },
        {  # 13: a test order counts nowhere
            "processed_at": "2026-03-09T13:00:00-04:00",
            "customer": "mia",
            "lines": [{"sku": "B1"}],
            "test": True,
        },
    ],
    "ad_account": {"id": "900100200", "name": "Book ads", "currency": "USD", "time_zone": "America/New_York"},
    "ad_spend": [
        {
            "day": "2026-03-02",
            "campaign": "Spring",
            "sku": "A1",
            "spend": "12.34",
            "impressions": 1000,
            "clicks": 20,
            "purchases": 2,
            "purchase_value": "80.00",
        },
        {
            "day": "2026-03-09",
            "campaign": "Spring",
            "sku": "A1",
            "spend": "20.00",
            "impressions": 2000,
            "clicks": 40,
            "purchases": 1,
            "purchase_value": "20.00",
        },
    ],
}

NET_SALES_BY_DAY = {
    "2026-03-02": 65.00,  # 40 + 25
    "2026-03-03": 90.00,  # 60 + 30
    "2026-03-04": 0.00,  # 20 + (30 - 20) - 30 cancelled
    "2026-03-05": -20.00,  # refund of one unit; gift card and zero-value order add nothing
    "2026-03-06": 20.00,
    "2026-03-07": 20.00,
    "2026-03-08": 20.00,
    "2026-03-09": 57.00,  # 30 + 27
}
NET_SALES_BY_CHANNEL = {"meta": 40.00, "email": 27.00, "unattributed": 185.00}
FIGURES = {
    "net_sales": 252.00,
    "gross_sales": 315.00,  # 40+25+60+30+20+20+20+20+20+30+30
    "discounts": 23.00,  # 20 + 3
    "refunds": 50.00,  # 20 + 30 cancelled
    "orders": 12,
    "customers": 11,
    "new_customers": 11,
    "units": 12,  # 14 sold, 0 by the edit, 1 returned, 1 cancelled
    "aov": 21.00,
    "cost_of_goods": 112.00,  # 8 amber at 8 + 4 birch at 12
    "fulfilment": 78.00,  # 12 x 6.50
    # 1.71 + 1.17 + 2.04 + 1.17 + .88 + .59 for what the edit added + 1.75 + 0 + .88 + .88 + .88 + 1.17 + 1.08
    "payment_fees": 14.20,
    "contribution_before_ads": 47.80,  # 252 - 112 - 78 - 14.20
    "ad_spend": 32.34,
    "contribution_profit": 15.46,
    "attributed_revenue": 40.00,
    "reported_revenue": 100.00,
    "mer": 7.792208,  # 252 / 32.34
    "roas": 1.236858,  # 40 / 32.34
    "reported_roas": 3.092146,  # 100 / 32.34
    "cac": 2.94,  # 32.34 / 11
}
