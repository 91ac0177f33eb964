"""What became of e-mails, and who signed up for them. Opens and clicks are counted for the day of sending."""

from __future__ import annotations

from clique_app.metrics.definition import Formula, Reading, Shown, Total

_EMAIL_DAY = """email_day r
left join email_program p on p.store_id = r.store_id and p.program_id = r.program_id"""
_EMAIL_ROWS = (
    Shown("Day", "r.day", "day"),
    Shown("Campaign or flow", "p.name"),
    Shown("Kind", "p.kind"),
    Shown("E-mail", "r.message_id"),
)
_SOURCES = ("klaviyo_email",)
_MACHINES = " Klaviyo does not tell apart what mail programs open by themselves, as Apple's can: it is among the opens."


def _emails(key: str, name: str, meaning: str, column: str, kind: str = "") -> Total:
    return Total(
        key=key,
        name=name,
        unit="count",
        meaning=meaning,
        good="up",
        origin="Klaviyo's own reports",
        source=_EMAIL_DAY,
        where=f"p.kind = '{kind}'" if kind else "true",
        amount=f"r.{column}",
        shown=_EMAIL_ROWS,
        sources=_SOURCES,
        groups={"stage": "p.kind", "program": "r.program_id"},
        grain="what was sent of one e-mail on a day",
        needs=("email",),
        moved_by=("email_program",) if kind else (),
    )


def _rate(key: str, name: str, meaning: str, counted: Total, delivered: Total) -> Formula:
    return Formula(
        key=key,
        name=name,
        unit="percent",
        meaning=meaning,
        good="up",
        expression=f"{counted.key} / {delivered.key}",
        example=({counted.key: "420", delivered.key: "1000"}, "0.42"),
    )


EMAIL_DELIVERED = _emails("email_delivered", "E-mails delivered", "E-mails that arrived.", "delivered")
EMAIL_OPENS = _emails("email_opens", "E-mails opened", f"People who opened an e-mail.{_MACHINES}", "unique_opens")
EMAIL_CLICKS = _emails("email_clicks", "E-mails clicked", "People who clicked in an e-mail.", "unique_clicks")
WINBACK_DELIVERED = _emails(
    "winback_delivered",
    "Win-back e-mails delivered",
    "E-mails of win-back flows that arrived.",
    "delivered",
    "win_back",
)
WINBACK_OPENS = _emails(
    "winback_opens",
    "Win-back e-mails opened",
    f"People who opened an e-mail of a win-back flow.{_MACHINES}",
    "unique_opens",
    "win_back",
)
POST_PURCHASE_DELIVERED = _emails(
    "post_purchase_delivered",
    "Post-purchase e-mails delivered",
    "E-mails of post-purchase flows that arrived.",
    "delivered",
    "post_purchase",
)
POST_PURCHASE_OPENS = _emails(
    "post_purchase_opens",
    "Post-purchase e-mails opened",
    f"People who opened an e-mail of a post-purchase flow.{_MACHINES}",
    "unique_opens",
    "post_purchase",
)
POST_PURCHASE_CLICKS = _emails(
    "post_purchase_clicks",
    "Post-purchase e-mails clicked",
    "People who clicked in an e-mail of a post-purchase flow.",
    "unique_clicks",
    "post_purchase",
)
LIST_SIGNUPS = Total(
    key="list_signups",
    name="List sign-ups in Klaviyo",
    unit="count",
    meaning="Times somebody joined a list, on the site or elsewhere; one who joins two lists counts twice.",
    good="up",
    source="email_signup_day r",
    amount="r.signups",
    shown=(Shown("Day", "r.day", "day"), Shown("List", "r.list_name")),
    sources=_SOURCES,
    grain="a list's day",
    needs=("email",),
)


def _in_30_days(column: str, name: str, ago: int) -> Reading:
    """What became of e-mails of 30 days that end so many days before the period's end."""
    when = f"the 30 days up to {f'{ago} days before ' if ago else ''}the period's end"
    return Reading(
        key=f"email_{name}_30d{'_before' if ago else ''}",
        name=f"E-mails {name} in 30 days{' before' if ago else ''}",
        unit="count",
        meaning=f"E-mails {name}, of {when}.",
        good="up",
        origin="Klaviyo's own reports",
        source=_EMAIL_DAY,
        groups={"stage": "p.kind", "program": "r.program_id"},
        grain="what was sent of one e-mail on a day",
        within=f"r.day between cast(:end as date) - {ago + 29} and cast(:end as date) - {ago}",
        value=f"coalesce(sum(r.{column}), 0)",
        amount=f"r.{column}",
        shown=_EMAIL_ROWS,
        sources=_SOURCES,
        needs=("email",),
    )


RECENT = tuple(
    _in_30_days(column, name, ago)
    for ago in (0, 30)
    for column, name in (("unique_clicks", "clicked"), ("delivered", "delivered"))
)
ENGAGEMENT_DECAY_RATE = Formula(
    key="engagement_decay_rate",
    name="E-mail engagement, change",
    unit="percent",
    meaning="Change of the e-mail click rate in the 30 days up to the period's end against the 30 days before. By kind "
    "of e-mail it is told of each stage of a customer's life.",
    good="up",
    expression="(email_clicked_30d / email_delivered_30d) / "
    "(email_clicked_30d_before / email_delivered_30d_before) - 1",
    example=(
        {
            "email_clicked_30d": "36",
            "email_delivered_30d": "1000",
            "email_clicked_30d_before": "40",
            "email_delivered_30d_before": "1000",
        },
        "-0.10",
    ),
)

EMAIL = (
    *RECENT,
    ENGAGEMENT_DECAY_RATE,
    EMAIL_DELIVERED,
    EMAIL_OPENS,
    EMAIL_CLICKS,
    WINBACK_DELIVERED,
    WINBACK_OPENS,
    POST_PURCHASE_DELIVERED,
    POST_PURCHASE_OPENS,
    POST_PURCHASE_CLICKS,
    LIST_SIGNUPS,
    _rate(
        "email_open_rate",
        "E-mail open rate",
        f"Opened of those that arrived.{_MACHINES} Clicks say more.",
        EMAIL_OPENS,
        EMAIL_DELIVERED,
    ),
    _rate("email_click_rate", "E-mail click rate", "Clicked of those that arrived.", EMAIL_CLICKS, EMAIL_DELIVERED),
    _rate(
        "winback_open_rate",
        "Win-back open rate",
        f"Opened of those that arrived, in win-back flows.{_MACHINES}",
        WINBACK_OPENS,
        WINBACK_DELIVERED,
    ),
    _rate(
        "post_purchase_open_rate",
        "Post-purchase open rate",
        f"Opened of those that arrived, in post-purchase flows.{_MACHINES}",
        POST_PURCHASE_OPENS,
        POST_PURCHASE_DELIVERED,
    ),
    _rate(
        "post_purchase_click_rate",
        "Post-purchase click rate",
        "Clicked of those that arrived, in post-purchase flows.",
        POST_PURCHASE_CLICKS,
        POST_PURCHASE_DELIVERED,
    ),
)
