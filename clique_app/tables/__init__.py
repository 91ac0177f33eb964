"""All tables, so that the metadata is complete, and the tuples that say who may see what."""

from __future__ import annotations

from sqlmodel import SQLModel

from clique_app.tables.actions import Action, AuditEntry
from clique_app.tables.ads import (
    Ad,
    AdDay,
    AdDayFormer,
    AdGroup,
    AdProduct,
    Campaign,
    CampaignRegionDay,
    Creative,
    SearchDay,
)
from clique_app.tables.advocacy import LoyaltyMember, Referral, Review, SocialDay, SurveyResponse, Ugc, VoiceSettings
from clique_app.tables.attribution import Credit, CreditChange, CreditChannelDay, CreditDay, CreditRestatement
from clique_app.tables.baselines import MetricBaseline
from clique_app.tables.catalog import InventoryDay, InventoryLevel, InventoryRead, Location, Product, UnitCost, Variant
from clique_app.tables.connections import ConnectedAccount, Connection, ConnectTicket, WebhookCheck
from clique_app.tables.counts import RowCount
from clique_app.tables.customers import CustomerValue, ModelVersion, OrderForecast
from clique_app.tables.email import EmailAccount, EmailDay, EmailProgram, EmailSignupDay, ProfilePrediction
from clique_app.tables.imports import ImportedFile, ImportedRow
from clique_app.tables.inbox import InboxEvent
from clique_app.tables.jobs import JobRun, JobSchedule
from clique_app.tables.orders import Customer, Order, OrderLine, SaleEntry, Touch
from clique_app.tables.privacy import PrivacyRequest
from clique_app.tables.rates import ExchangeRate
from clique_app.tables.recommendations import Recommendation
from clique_app.tables.rollups import (
    CohortDay,
    CohortSegmentDay,
    CustomerSalesDay,
    ExpectedDay,
    MetricChange,
    MetricDay,
    MetricSummed,
    OrderCreditDay,
    OrderGapDay,
    OrderWorthDay,
    PerformanceDay,
    ReorderDay,
    VariantUnitsDay,
    VipStanding,
    VisitorGapDay,
    WonCreditDay,
    WonExpectedDay,
    WonPlaceDay,
)
from clique_app.tables.site import CollectedEvent, VisitorWaiting, WebSession
from clique_app.tables.stores import Member, Store, StoreSettings
from clique_app.tables.sync import SyncCursor, SyncRun

METADATA = SQLModel.metadata

GLOBAL_TABLES = ("inbox_event", "job_schedule", "job_run", "exchange_rate")  # the system role's alone
# also seen whole by the system role: the directory of stores, whose ad account a platform's message is about, and what
# the collector writes for all stores
SYSTEM_TABLES = ("store", "ad_account", "page_event", "visitor_waiting")
APPEND_ONLY_TABLES = ("audit_entry", "ad_day_former")
# worked out of others: no backup holds them, and they are emptied after the others, whose rows mark them as changed
DERIVED_TABLES = (
    "metric_day",
    "performance_day",
    "order_gap_day",
    "visitor_gap_day",
    "reorder_day",
    "expected_day",
    "customer_sales_day",
    "variant_units_day",
    "order_worth_day",
    "order_credit_day",
    "cohort_day",
    "cohort_segment_day",
    "won_place_day",
    "won_credit_day",
    "won_expected_day",
    "vip_standing",
    "row_count",
    "metric_summed",
    "metric_change",
    "credit_day",
    "credit_channel_day",
    "credit_change",
)

__all__ = [
    "APPEND_ONLY_TABLES",
    "DERIVED_TABLES",
    "GLOBAL_TABLES",
    "METADATA",
    "SYSTEM_TABLES",
    "Action",
    "Ad",
    "AdDay",
    "AdDayFormer",
    "AdGroup",
    "AdProduct",
    "AuditEntry",
    "Campaign",
    "CampaignRegionDay",
    "CohortDay",
    "CohortSegmentDay",
    "CollectedEvent",
    "ConnectTicket",
    "ConnectedAccount",
    "Connection",
    "Creative",
    "Credit",
    "CreditChange",
    "CreditChannelDay",
    "CreditDay",
    "CreditRestatement",
    "Customer",
    "CustomerSalesDay",
    "CustomerValue",
    "EmailAccount",
    "EmailDay",
    "EmailProgram",
    "EmailSignupDay",
    "ExchangeRate",
    "ExpectedDay",
    "ImportedFile",
    "ImportedRow",
    "InboxEvent",
    "InventoryDay",
    "InventoryLevel",
    "InventoryRead",
    "JobRun",
    "JobSchedule",
    "Location",
    "LoyaltyMember",
    "Member",
    "MetricBaseline",
    "MetricChange",
    "MetricDay",
    "MetricSummed",
    "ModelVersion",
    "Order",
    "OrderCreditDay",
    "OrderForecast",
    "OrderGapDay",
    "OrderLine",
    "OrderWorthDay",
    "PerformanceDay",
    "PrivacyRequest",
    "Product",
    "ProfilePrediction",
    "Recommendation",
    "Referral",
    "ReorderDay",
    "Review",
    "RowCount",
    "SaleEntry",
    "SearchDay",
    "SocialDay",
    "Store",
    "StoreSettings",
    "SurveyResponse",
    "SyncCursor",
    "SyncRun",
    "Touch",
    "Ugc",
    "UnitCost",
    "Variant",
    "VariantUnitsDay",
    "VipStanding",
    "VisitorGapDay",
    "VisitorWaiting",
    "VoiceSettings",
    "WebSession",
    "WebhookCheck",
    "WonCreditDay",
    "WonExpectedDay",
    "WonPlaceDay",
]
