"""What visitors do in the online store, from the web pixel's sessions. Who did not allow analytics is not in it."""

from __future__ import annotations

from dataclasses import replace

from clique_app.metrics.definition import Direction, Formula, Groups, Reading, Shown, Total
from clique_app.tables.site import PIXEL

AGAIN_DAYS = 7
SEEN_ON = "cast(c.fresh_at at time zone t.time_zone as date)"  # the day up to which visits of a store t are known
_ROWS = (
    Shown("When", "r.started_at", "time"),
    Shown("From", "r.channel"),
    Shown("Campaign", "r.campaign"),
    Shown("Landing page", "r.landing_path"),
    Shown("Pages", "r.page_views", "count"),
)
_GROUPS: Groups = {"channel": "r.channel", "landing": "nullif(r.landing_path, '')"}
# Sessions beside what comes after them: time and other days' sessions move these sums, so that no day of them is kept.
# seen_until: what may still happen to a session that is younger is not known yet.
_IN_TIME = f"""(
  select s.*, c.fresh_at as seen_until, {SEEN_ON} as seen_on
  from web_session s join store t on t.store_id = s.store_id
  left join sync_cursor c on c.store_id = s.store_id and c.source = '{PIXEL}') r"""  # noqa: S608
_DAY_OLD = "r.started_at < r.seen_until - interval '24 hours'"
_CART = f"r.added_to_cart and {_DAY_OLD}"
_LEFT = f"""{_CART} and not r.checkout_started and not exists (
  select from web_session n where n.store_id = r.store_id and n.visitor_id = r.visitor_id and n.checkout_started
  and n.started_at > r.started_at and n.started_at <= r.started_at + interval '24 hours')"""
_WEEK_OLD = f"r.day < r.seen_on - {AGAIN_DAYS}"
_CAME_AGAIN = f"""{_WEEK_OLD} and exists (
  select from web_session n where n.store_id = r.store_id and n.visitor_id = r.visitor_id
  and n.started_at > r.started_at and n.day <= r.day + {AGAIN_DAYS})"""
_DAY = "Carts of the last 24 hours are left out."
_WEEK = "Sessions of the last 7 days are left out."
_FIRST = """not exists (
  select from web_session b where b.store_id = r.store_id and b.visitor_id = r.visitor_id
  and b.started_at < r.started_at)"""


def _sessions(
    key: str,
    name: str,
    meaning: str,
    *,
    source: str = "web_session r",
    where: str = "true",
    amount: str = "1",
    good: Direction = "up",
    matures: str = "",
    moved_by: tuple[str, ...] = (),
    too_young: str = "",
) -> Total:
    return Total(
        key=key,
        name=name,
        unit="count",
        meaning=meaning,
        good=good,
        matures=matures,
        source=source,
        where=where,
        amount=amount,
        shown=_ROWS,
        sources=(PIXEL,),
        groups=_GROUPS,
        grain="a visit",
        needs=("site",),
        moved_by=moved_by,
        too_young=too_young,
    )


SESSIONS = _sessions(
    "sessions", "Sessions", "Visits to the online store; one ends with a pause of 30 minutes. By where they came from."
)
ALL_SESSIONS = replace(
    SESSIONS, key="all_sessions", name="Sessions of the store",
    meaning="Visits from wherever, whatever the figure is narrowed to.", groups={}, undivided=True,
)  # fmt: skip
VISITORS = Reading(
    key="visitors",
    name="Visitors",
    unit="count",
    meaning="Different visitors with a session in the period, as browsers tell them apart.",
    good="up",
    source="web_session r",
    groups=_GROUPS,
    grain="a visitor",
    each="r.visitor_id",
    value="count(distinct r.visitor_id)",
    amount="1",
    shown=(Shown("Last session", "max(r.started_at)", "time"), Shown("Sessions", "count(*)", "count")),
    sources=(PIXEL,),
    needs=("site",),
)
PAGE_VIEWS = _sessions("page_views", "Page views", "Pages of the online store that were opened.", amount="r.page_views")
NEW_VISITORS = _sessions(
    "new_visitors", "New visitors", "Visitors whose first session falls in the period.", where=_FIRST,
    moved_by=("visitor_gap",),
)  # fmt: skip
CART_SESSIONS = _sessions(
    "cart_sessions", "Sessions with an add to cart", "Sessions in which something was put in the cart.",
    where="r.added_to_cart",
)  # fmt: skip
CHECKOUT_SESSIONS = _sessions(
    "checkout_sessions", "Sessions with a checkout", "Sessions in which a checkout was begun.",
    where="r.checkout_started",
)  # fmt: skip
ORDER_SESSIONS = _sessions(
    "order_sessions", "Sessions with an order", "Sessions in which an order was placed.",
    where="r.order_id is not null",
)  # fmt: skip
PRODUCT_SESSIONS = _sessions(
    "product_sessions", "Sessions with a product view", "Sessions in which a product was looked at.",
    where="r.product_views > 0",
)  # fmt: skip
VIEWED_AND_ADDED = _sessions(
    "viewed_and_added", "Sessions that added what they viewed",
    "Sessions in which a product was looked at and put in the cart.",
    where="r.added_viewed_product",
)  # fmt: skip
WISHLIST_SESSIONS = _sessions(
    "wishlist_sessions", "Sessions with a wishlist add",
    "Sessions in which a product was looked at and one put on a wishlist, where the theme tells of it.",
    where="r.wishlisted and r.product_views > 0",
)  # fmt: skip
EMAIL_SIGNUPS = _sessions(
    "email_signups",
    "E-mail sign-ups on the site",
    "Sessions in which somebody signed up for e-mail.",
    where="r.signed_up",
)
BOUNCED = _sessions(
    "bounced_sessions", "Bounced sessions", "Sessions of one page, left without doing anything there.",
    where="r.bounced", good="down",
)  # fmt: skip
PRODUCT_LANDINGS = _sessions(
    "product_landings", "Sessions that landed on a product", "Sessions whose first page was a product's.",
    where="r.landed_on_product", good="neither",
)  # fmt: skip
PRODUCT_BOUNCES = _sessions(
    "product_bounces", "Bounces from a product", "Sessions that landed on a product and were left there.",
    where="r.landed_on_product and r.bounced", good="down",
)  # fmt: skip
ENGAGED_SECONDS = _sessions(
    "engaged_seconds", "Seconds of attention",
    "Time between what a visitor did, a pause counting for a minute at most.",
    amount="r.engaged_seconds",
)  # fmt: skip
SCROLLED = _sessions(
    "scrolled_sessions", "Sessions whose scrolling is known",
    "Sessions of pages that tell how far they were read: the theme's app embed is on.",
    where="r.deepest_scroll_pct is not null", good="neither",
)  # fmt: skip
SCROLL_SUM = _sessions(
    "deepest_scroll_sum", "Deepest scrolls added up", "The deepest scroll of each session, in percent of the page.",
    where="r.deepest_scroll_pct is not null", amount="r.deepest_scroll_pct", good="neither",
)  # fmt: skip
CARTS = _sessions(
    "carts",
    "Carts",
    "Sessions in which something was put in the cart, once a day has passed since.",
    source=_IN_TIME,
    where=_CART,
    matures=_DAY,
    too_young=f"r.added_to_cart and ({_DAY_OLD}) is not true",
)
CARTS_LEFT = _sessions(
    "carts_left", "Carts left behind", "Carts whose visitor began no checkout within 24 hours.",
    source=_IN_TIME, where=_LEFT, good="down", matures=_DAY,
)  # fmt: skip
WEEK_OLD = _sessions(
    "sessions_week_old", "Sessions of over a week ago", "Sessions since whose day a whole week has passed.",
    source=_IN_TIME, where=_WEEK_OLD, good="neither", matures=_WEEK, too_young=f"({_WEEK_OLD}) is not true",
)  # fmt: skip
CAME_AGAIN = _sessions(
    "sessions_followed_in_7d", "Sessions followed by another",
    "Sessions whose visitor came again by the seventh day after.",
    source=_IN_TIME, where=_CAME_AGAIN, matures=_WEEK,
)  # fmt: skip

TRAFFIC_BY_CHANNEL = Formula(
    key="traffic_by_channel",
    name="Traffic by channel",
    unit="percent",
    meaning="A channel's share of all sessions, with the sessions beside it.",
    good="neither",
    expression="sessions / all_sessions",
    example=({"sessions": "600", "all_sessions": "2400"}, "0.25"),
)
EMAIL_SIGNUP_RATE = Formula(
    key="email_signup_rate",
    name="E-mail sign-up rate",
    unit="percent",
    meaning="E-mail sign-ups on the site for each visitor.",
    good="up",
    expression="email_signups / visitors",
    example=({"email_signups": "48", "visitors": "1600"}, "0.03"),
)
COST_PER_SIGNUP = Formula(
    key="cost_per_signup",
    name="Cost of a sign-up",
    unit="money",
    meaning="Ad spend for each e-mail sign-up on the site.",
    good="down",
    expression="ad_spend / email_signups",
    example=({"ad_spend": "240", "email_signups": "48"}, "5.00"),
)
_MINUTE = 60
_VISIT_POINTS = {
    "engagement_product": "r.product_views > 0",
    "engagement_minute": f"r.engaged_seconds >= {_MINUTE}",
    "engagement_cart": "r.added_to_cart",
    "engagement_signup": "r.signed_up",
}
_VISIT_EXAMPLE = {
    "s.engagement_product": "20", "s.engagement_minute": "20", "s.engagement_cart": "40", "s.engagement_signup": "20",
    "r.product_views": "3", "r.engaged_seconds": "75", "r.added_to_cart": "true", "r.signed_up": "false",
}  # fmt: skip
_EMAIL_EXAMPLE = {
    "s.engagement_open": "20", "s.engagement_click": "80",
    "r.delivered": "10", "r.unique_opens": "4", "r.unique_clicks": "1",
}  # fmt: skip
_VISIT_MOST = " + ".join(f"s.{name}" for name in _VISIT_POINTS)
_EMAIL_MOST = "(s.engagement_open + s.engagement_click) * r.delivered"
VISIT_POINTS = Total(
    key="engagement_visit_points",
    name="Points of visits",
    unit="count",
    meaning="What visits reached, in points of Settings: a product looked at, a minute of attention, an add to cart, a "
    "sign-up.",
    good="up",
    source="web_session r join store_settings s on s.store_id = r.store_id",
    groups={"channel": "r.channel"},
    grain="a visit",
    amount=" + ".join(f"s.{name} * ({reached})::int" for name, reached in _VISIT_POINTS.items()),
    shown=(*_ROWS, Shown("Points at most", _VISIT_MOST, "count")),
    sources=(PIXEL,),
    needs=("occasions",),
    moved_by=("store_settings",),
    example=((_VISIT_EXAMPLE,), "80"),
)
VISIT_MOST = replace(
    VISIT_POINTS,
    key="engagement_visit_most",
    name="Points visits could reach",
    meaning="Points that visits would have with everything reached.",
    good="neither",
    amount=_VISIT_MOST,
    shown=_ROWS,
    example=((_VISIT_EXAMPLE,), "100"),
)
EMAIL_POINTS = Total(
    key="engagement_email_points",
    name="Points of e-mails",
    unit="count",
    meaning="What e-mails reached, in points of Settings: an e-mail opened or clicked.",
    good="up",
    source="email_day r join store_settings s on s.store_id = r.store_id",
    groups={"channel": "'email'"},
    grain="what was sent of one e-mail on a day",
    amount="s.engagement_open * r.unique_opens + s.engagement_click * r.unique_clicks",
    shown=(Shown("Day", "r.day", "day"), Shown("Delivered", "r.delivered", "count"),
           Shown("Opened", "r.unique_opens", "count"), Shown("Clicked", "r.unique_clicks", "count"),
           Shown("Points at most", _EMAIL_MOST, "count")),
    sources=("klaviyo_email",),
    needs=("occasions",),
    moved_by=("store_settings",),
    example=((_EMAIL_EXAMPLE,), "160"),
)  # fmt: skip
EMAIL_MOST = replace(
    EMAIL_POINTS,
    key="engagement_email_most",
    name="Points e-mails could reach",
    meaning="Points that delivered e-mails would have with everything reached.",
    good="neither",
    amount=_EMAIL_MOST,
    shown=EMAIL_POINTS.shown[:-1],
    example=((_EMAIL_EXAMPLE,), "1000"),
)
ENGAGEMENT_POINTS = Formula(
    key="engagement_points",
    name="Points of engagement",
    unit="count",
    meaning="What visits and e-mails reached, in points of Settings.",
    good="up",
    expression="engagement_visit_points + engagement_email_points",
    example=({"engagement_visit_points": "1900", "engagement_email_points": "800"}, "2700"),
)
ENGAGEMENT_MOST = Formula(
    key="engagement_most",
    name="Points that could be reached",
    unit="count",
    meaning="Points that visits and delivered e-mails would have with everything reached.",
    good="neither",
    expression="engagement_visit_most + engagement_email_most",
    example=({"engagement_visit_most": "6000", "engagement_email_most": "3000"}, "9000"),
)
ENGAGEMENT_SCORE = Formula(
    key="engagement_score",
    name="Engagement score",
    unit="ratio",
    meaning="From 0 to 100: points that visits and e-mails reached, of those they could. Settings has the points.",
    good="up",
    expression="100 * engagement_points / engagement_most",
    example=({"engagement_points": "2700", "engagement_most": "9000"}, "30.00"),
)
CVR = Formula(
    key="cvr",
    name="Conversion rate",
    unit="percent",
    meaning="Orders for each session. Orders of all sales channels and of visitors who allowed no analytics count too.",
    good="up",
    expression="orders / sessions",
    example=({"orders": "60", "sessions": "2400"}, "0.025"),
    partners=("session_cvr",),
)
SESSION_CVR = Formula(
    key="session_cvr",
    name="Sessions that ordered",
    unit="percent",
    meaning="Share of sessions in which an order was placed.",
    good="up",
    expression="order_sessions / sessions",
    example=({"order_sessions": "48", "sessions": "2400"}, "0.02"),
)
ADD_TO_CART_RATE = Formula(
    key="add_to_cart_rate",
    name="Add-to-cart rate",
    unit="percent",
    meaning="Share of sessions in which something was put in the cart.",
    good="up",
    expression="cart_sessions / sessions",
    example=({"cart_sessions": "180", "sessions": "2400"}, "0.075"),
)
VIEW_TO_CART_RATIO = Formula(
    key="view_to_cart_ratio",
    name="View-to-cart ratio",
    unit="percent",
    meaning="Of the sessions with a product view, those that added a product they viewed.",
    good="up",
    expression="viewed_and_added / product_sessions",
    example=({"viewed_and_added": "150", "product_sessions": "1200"}, "0.125"),
)
PRODUCT_VIEW_DEPTH = Formula(
    key="product_view_depth",
    name="Pages a session",
    unit="ratio",
    meaning="Page views for each session.",
    good="up",
    expression="page_views / sessions",
    example=({"page_views": "7200", "sessions": "2400"}, "3.00"),
)
SESSION_DURATION = Formula(
    key="session_duration",
    name="Seconds a session",
    unit="ratio",
    meaning="Seconds of attention for each session.",
    good="up",
    expression="engaged_seconds / sessions",
    example=({"engaged_seconds": "216000", "sessions": "2400"}, "90.00"),
)
SCROLL_DEPTH = Formula(
    key="scroll_depth",
    name="Scroll depth",
    unit="percent",
    meaning="Mean of each session's deepest scroll, over the sessions whose scrolling is known.",
    good="up",
    expression="deepest_scroll_sum / (100 * scrolled_sessions)",
    example=({"deepest_scroll_sum": "9000", "scrolled_sessions": "150"}, "0.60"),
)
WISHLIST_ADD_RATE = Formula(
    key="wishlist_add_rate",
    name="Wishlist add rate",
    unit="percent",
    meaning="Of the sessions with a product view, those with a wishlist add.",
    good="up",
    expression="wishlist_sessions / product_sessions",
    example=({"wishlist_sessions": "60", "product_sessions": "1200"}, "0.05"),
)
CART_ABANDONMENT_RATE = Formula(
    key="cart_abandonment_rate",
    name="Cart abandonment rate",
    unit="percent",
    meaning="Share of carts without a checkout within 24 hours; carts of the last 24 hours are left out.",
    good="down",
    expression="carts_left / carts",
    example=({"carts_left": "126", "carts": "180"}, "0.70"),
)
BOUNCE_RATE = Formula(
    key="bounce_rate",
    name="Bounce rate",
    unit="percent",
    meaning="Share of sessions of one page, left without doing anything there.",
    good="down",
    expression="bounced_sessions / sessions",
    example=({"bounced_sessions": "960", "sessions": "2400"}, "0.40"),
)
PRODUCT_BOUNCE_RATE = Formula(
    key="product_bounce_rate",
    name="Product bounce rate",
    unit="percent",
    meaning="Of the sessions that landed on a product, those that were left there.",
    good="down",
    expression="product_bounces / product_landings",
    example=({"product_bounces": "300", "product_landings": "800"}, "0.375"),
)
SESSION_TO_SIGNUP_RATIO = Formula(
    key="session_to_signup_ratio",
    name="Sessions for each sign-up",
    unit="ratio",
    meaning="Sessions for each e-mail sign-up.",
    good="down",
    expression="sessions / email_signups",
    example=({"sessions": "2400", "email_signups": "48"}, "50.00"),
)
REPEAT_VISIT_7D_RATE = Formula(
    key="repeat_visit_7d_rate",
    name="Repeat visits within 7 days",
    unit="percent",
    meaning="Share of sessions followed by another of the visitor within 7 days; younger sessions are left out.",
    good="up",
    expression="sessions_followed_in_7d / sessions_week_old",
    example=({"sessions_followed_in_7d": "400", "sessions_week_old": "2000"}, "0.20"),
)

SITE = (
    SESSIONS,
    ALL_SESSIONS,
    VISITORS,
    TRAFFIC_BY_CHANNEL,
    EMAIL_SIGNUP_RATE,
    COST_PER_SIGNUP,
    VISIT_POINTS,
    VISIT_MOST,
    EMAIL_POINTS,
    EMAIL_MOST,
    ENGAGEMENT_POINTS,
    ENGAGEMENT_MOST,
    ENGAGEMENT_SCORE,
    PAGE_VIEWS,
    NEW_VISITORS,
    CART_SESSIONS,
    CHECKOUT_SESSIONS,
    ORDER_SESSIONS,
    PRODUCT_SESSIONS,
    VIEWED_AND_ADDED,
    WISHLIST_SESSIONS,
    EMAIL_SIGNUPS,
    BOUNCED,
    PRODUCT_LANDINGS,
    PRODUCT_BOUNCES,
    ENGAGED_SECONDS,
    SCROLLED,
    SCROLL_SUM,
    CARTS,
    CARTS_LEFT,
    WEEK_OLD,
    CAME_AGAIN,
    CVR,
    SESSION_CVR,
    ADD_TO_CART_RATE,
    VIEW_TO_CART_RATIO,
    PRODUCT_VIEW_DEPTH,
    SESSION_DURATION,
    SCROLL_DEPTH,
    WISHLIST_ADD_RATE,
    CART_ABANDONMENT_RATE,
    BOUNCE_RATE,
    PRODUCT_BOUNCE_RATE,
    SESSION_TO_SIGNUP_RATIO,
    REPEAT_VISIT_7D_RATE,
)
