"""All tables, so that the metadata is complete, and the tuples that say who may see what."""

from __future__ import annotations

from sqlmodel import SQLModel

from clique_app.tables.actions import Action, AuditEntry
from clique_app.tables.ads import Ad, AdDay, AdDayFormer, AdGroup, AdProduct, Campaign, CampaignRegionDay, Creative
from clique_app.tables.attribution import Credit
from clique_app.tables.catalog import InventoryDay, InventoryLevel, Location, Product, UnitCost, Variant
from clique_app.tables.connections import ConnectedAccount, Connection, ConnectTicket, WebhookCheck
from clique_app.tables.customers import CustomerValue, ModelVersion
from clique_app.tables.imports import ImportedFile, ImportedRow
from clique_app.tables.inbox import InboxEvent
from clique_app.tables.jobs import JobRun, JobSchedule
from clique_app.tables.orders import Customer, Order, OrderLine, SaleEntry, Touch
from clique_app.tables.privacy import PrivacyRequest
from clique_app.tables.recommendations import Recommendation
from clique_app.tables.rollups import MetricChange, MetricDay, MetricSummed
from clique_app.tables.stores import Member, Store, StoreSettings
from clique_app.tables.sync import SyncCursor, SyncRun

METADATA = SQLModel.metadata

GLOBAL_TABLES = ("inbox_event", "job_schedule", "job_run")  # the system role's alone
# also seen whole by the system role: the directory of stores, and whose ad account a platform's message is about
SYSTEM_TABLES = ("store", "ad_account")
APPEND_ONLY_TABLES = ("audit_entry", "ad_day_former")
# worked out of others: no backup holds them, and they are emptied after the others, whose rows mark them as changed
DERIVED_TABLES = ("metric_day", "metric_summed", "metric_change")

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
    "ConnectTicket",
    "ConnectedAccount",
    "Connection",
    "Creative",
    "Credit",
    "Customer",
    "CustomerValue",
    "ImportedFile",
    "ImportedRow",
    "InboxEvent",
    "InventoryDay",
    "InventoryLevel",
    "JobRun",
    "JobSchedule",
    "Location",
    "Member",
    "MetricChange",
    "MetricDay",
    "MetricSummed",
    "ModelVersion",
    "Order",
    "OrderLine",
    "PrivacyRequest",
    "Product",
    "Recommendation",
    "SaleEntry",
    "Store",
    "StoreSettings",
    "SyncCursor",
    "SyncRun",
    "Touch",
    "UnitCost",
    "Variant",
    "WebhookCheck",
]
