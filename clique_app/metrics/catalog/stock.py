"""What is in stock at the end of a day, how long it lasts, and where it was out: of items that Shopify tracks."""

from __future__ import annotations

from clique_app.metrics.catalog.sales import UNITS
from clique_app.metrics.definition import Formula, Reading, Shown, Total

PACE_DAYS = 30
PACE_PLACES = 12  # of units a day, so that it is the same however it was added
NOTED_DAYS = 7  # stock that was not noted for so long is not known
_SOURCES = ("shopify_inventory", "shopify_products")

_LEVELS = f"""(
  select distinct on (d.store_id, d.inventory_item_id, d.location_id)
         d.store_id, d.day, d.inventory_item_id, d.location_id, greatest(d.available, 0) as available
  from inventory_day d where d.day between cast(:end as date) - {NOTED_DAYS} and :end
  order by d.store_id, d.inventory_item_id, d.location_id, d.day desc
) r
join variant v on v.store_id = r.store_id and v.inventory_item_id = r.inventory_item_id and v.tracked
join product p on p.store_id = v.store_id and p.product_id = v.product_id
left join location w on w.store_id = r.store_id and w.location_id = r.location_id
left join store_settings s on s.store_id = r.store_id"""  # noqa: S608  # our own text
_UNIT_COST = """coalesce(
    (select u.cost from unit_cost u where u.store_id = v.store_id and u.variant_id = v.variant_id
     order by u.valid_from > :end, abs(u.valid_from - cast(:end as date)) limit 1),
    s.default_cost_pct / 100 * v.price)"""
_LEVEL_ROWS = (
    Shown("Noted", "r.day", "day"),
    Shown("Product", "p.title"),
    Shown("Variant", "v.title"),
    Shown("Where", "coalesce(w.name, '')"),
    Shown("In stock", "r.available", "count"),
)
NOTED = """
select d.day, string_agg(int8send(v.variant_id) || int8send(d.location_id)
                          || int4send(greatest(d.available, 0)), ''::bytea)
from inventory_day d join variant v on v.store_id = d.store_id and v.inventory_item_id = d.inventory_item_id
where d.store_id = :store_id and d.day between :start and :end and v.tracked group by 1
"""
COSTS = "select variant_id, valid_from, cost from unit_cost where store_id = :store_id order by valid_from"
COSTS_BY_PRICE = """
select v.variant_id, s.default_cost_pct / 100 * v.price
from variant v join store_settings s on s.store_id = v.store_id
where v.store_id = :store_id and s.default_cost_pct is not null
"""
STOCK_UNITS = Reading(
    key="stock_units",
    name="Units in stock",
    unit="count",
    meaning="Units that could be sold at the period's end, of items that Shopify tracks.",
    good="neither",
    source=_LEVELS,
    groups={"product": "v.product_id"},
    grain="a variant at a location",
    within="true",
    value="sum(r.available)",
    amount="r.available",
    shown=_LEVEL_ROWS,
    sources=_SOURCES,
    needs=("stock",),
    nothing=f"No stock was noted in the {NOTED_DAYS} days up to the period's end.",
)
INVENTORY_VALUE = Reading(
    key="inventory_value",
    name="Inventory value",
    unit="money",
    meaning="Units in stock at the period's end times their unit cost of that day; units without a known cost count as "
    "nothing.",
    good="neither",
    source=_LEVELS,
    groups={"product": "v.product_id"},
    grain="a variant at a location",
    within="true",
    value=f"sum(round(r.available * coalesce({_UNIT_COST}, 0), 2))",
    amount=f"round(r.available * coalesce({_UNIT_COST}, 0), 2)",
    shown=(*_LEVEL_ROWS, Shown("Unit cost", _UNIT_COST, "money")),
    sources=_SOURCES,
    needs=("stock", "costs"),
    nothing=f"No stock was noted in the {NOTED_DAYS} days up to the period's end.",
    worked="units in stock x unit cost",
    example=(
        (
            {"r.store_id": "0", "r.available": "10", "v.store_id": "0", "v.variant_id": "0", "v.price": "20",
             "s.default_cost_pct": "40.0"},
            {"r.store_id": "0", "r.available": "3", "v.store_id": "0", "v.variant_id": "0", "v.price": "30",
             "s.default_cost_pct": "40.0"},
        ),
        "116.00",
    ),
)  # fmt: skip


def _out(days: str) -> str:
    """A row for each variant and day that nothing of it was left at the end of."""
    return f"""(
  select d.store_id, d.day, v.variant_id, v.product_id, v.title
  from inventory_day d join variant v on v.store_id = d.store_id and v.inventory_item_id = d.inventory_item_id
  where v.tracked and v.active and not v.backorder and d.day between {days}
  group by d.store_id, d.day, v.variant_id, v.product_id, v.title having sum(greatest(d.available, 0)) = 0
)"""  # noqa: S608  # our own text


# units that went as they were ordered, whatever came back
ORDERED = "kind = 'sale' and quantity > 0"
SELLABLE = "select variant_id from variant where store_id = :store_id and tracked and active and not backorder"
TRACKED = "select variant_id from variant where store_id = :store_id and tracked"
STOCKOUT_DAYS = Total(
    key="stockout_days",
    name="Stock-out days",
    unit="count",
    meaning="Days at whose end nothing of a variant was left, added over variants.",
    good="down",
    source=f"{_out(':start and :end')} r join product p on p.store_id = r.store_id and p.product_id = r.product_id",
    groups={"product": "r.product_id"},
    grain="a variant's day",
    amount="1",
    shown=(Shown("Day", "r.day", "day"), Shown("Product", "p.title"), Shown("Variant", "r.title")),
    sources=_SOURCES,
    needs=("stock",),
)
UNITS_A_DAY = Reading(
    key="units_a_day",
    name="Units sold a day",
    unit="ratio",
    meaning=f"Units ordered in the {PACE_DAYS} days up to the period's end, for each day the variant was in stock; of "
    "variants whose stock is tracked.",
    good="up",
    source=f"""(
  select e.store_id, e.variant_id, e.product_id, e.units,
         greatest({PACE_DAYS} - coalesce(x.days, 0), 1) as days
  from (
    select store_id, variant_id, product_id, sum(quantity) as units from sale_entry
    where {ORDERED} and day between cast(:end as date) - {PACE_DAYS - 1} and :end
    group by store_id, variant_id, product_id
  ) e
  left join (
    select x.store_id, x.variant_id, count(*) as days
    from {_out(f"cast(:end as date) - {PACE_DAYS - 1} and :end")} x group by x.store_id, x.variant_id
  ) x on x.store_id = e.store_id and x.variant_id = e.variant_id
  where exists (select from variant v where v.store_id = e.store_id and v.variant_id = e.variant_id and v.tracked)
) r left join product p on p.store_id = r.store_id and p.product_id = r.product_id
left join variant v on v.store_id = r.store_id and v.variant_id = r.variant_id""",  # noqa: S608  # our own text
    groups={"product": "r.product_id"},
    grain="a variant",
    within="true",
    value=f"coalesce(round(sum(r.units::numeric / r.days), {PACE_PLACES}), 0)",
    amount="round(r.units::numeric / r.days, 6)",
    shown=(
        Shown("Units", "r.units", "count"),
        Shown("Days in stock", "r.days", "count"),
        Shown("Product", "p.title"),
        Shown("Variant", "v.title"),
    ),
    sources=("shopify_orders", *_SOURCES),
    as_of_end=True,
    example=(({"r.units": "60", "r.days": "30"}, {"r.units": "30", "r.days": "20"}), "3.5"),
)
DAYS_OF_COVER = Formula(
    key="days_of_cover",
    name="Days of cover",
    unit="ratio",
    meaning=f"How long the stock at the period's end lasts at the pace of the {PACE_DAYS} days before, days out of "
    "stock left out.",
    good="neither",
    expression="stock_units / units_a_day",
    example=({"stock_units": "1200", "units_a_day": "48"}, "25.00"),
)
UNITS_TRACKED = Total(
    key="units_tracked",
    name="Units sold of tracked items",
    unit="count",
    meaning="Units sold less units returned, of variants whose stock is tracked.",
    good="up",
    source=f"""{UNITS.source}
join variant v on v.store_id = r.store_id and v.variant_id = r.variant_id and v.tracked""",
    groups={"product": UNITS.groups["product"]},
    grain=UNITS.grain,
    where=UNITS.where,
    amount=UNITS.amount,
    shown=UNITS.shown,
    sources=("shopify_orders", *_SOURCES),
    moved_by=("variant_tracked",),
)
SELL_THROUGH_RATE = Formula(
    key="sell_through_rate",
    name="Sell-through rate",
    unit="percent",
    meaning="Units sold in the period, less returned ones, of these and the units in stock at its end; of items that "
    "Shopify tracks.",
    good="up",
    origin="Retail: units sold / units received, here units sold and left",
    expression="units_tracked / (units_tracked + stock_units)",
    example=({"units_tracked": "300", "stock_units": "900"}, "0.25"),
)

STOCK = (STOCK_UNITS, INVENTORY_VALUE, STOCKOUT_DAYS, UNITS_A_DAY, DAYS_OF_COVER, UNITS_TRACKED, SELL_THROUGH_RATE)
