"""mutate: budgets and statuses, checked as Google checks them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from clique_app.sandbox.ads import AdPlatform
from clique_app.sandbox.google.errors import AdsError, unknown_name
from clique_app.sandbox.google.fields import budget_id
from clique_app.sandbox.google.rows import STATUSES, kind_of
from clique_app.sandbox.records import Ad, AdAccount, AdSet, Campaign
from clique_app.sandbox.world import World

BODY = frozenset(("operations", "partialFailure", "validateOnly", "responseContentType"))
WORLD_STATUS = {"ENABLED": "ACTIVE", "PAUSED": "PAUSED"}
LARGEST_MICROS = 10**13
BELOW, TOO_LARGE = "BUDGET_BELOW_PER_DAY_MINIMUM", "MONEY_AMOUNT_TOO_LARGE"
WHOLE_UNITS = ("JPY", "KRW", "CLP")
Change = dict[str, Any]  # the keywords of World.update_ad_object


def mutate(
    world: World, account: AdAccount, service: str, body: dict[str, Any], *, change_nothing: bool
) -> dict[str, Any]:
    """The answer of {service}:mutate; all operations or none, unless the caller asks for partial failure."""
    if unknown := [name for name in body if name not in BODY]:
        raise unknown_name(unknown[0])
    operations = body.get("operations") or []
    if not operations:
        raise AdsError(400, "requestError", "REQUIRED_FIELD_MISSING", "Required field is missing.", field="operations")
    changes: list[tuple[str, Change] | None] = []
    names: list[dict[str, str]] = []
    failed: AdsError | None = None
    for operation in operations:
        try:
            changes.append(_change(world.ads, account, service, operation))
            names.append({"resourceName": operation["update"]["resourceName"]})
        except AdsError as error:
            if not body.get("partialFailure"):
                raise
            failed = error
            names.append({})
    if body.get("validateOnly"):
        return {}
    for change in changes:
        if change is not None and not change_nothing:
            world.update_ad_object(change[0], **change[1])
    return {"results": names} | ({"partialFailureError": failed.partial()} if failed else {})


def _change(ads: AdPlatform, account: AdAccount, service: str, operation: dict[str, Any]) -> tuple[str, Change]:
    if unknown := [name for name in operation if name not in ("update", "updateMask")]:
        raise unknown_name(unknown[0])
    update, masks = operation["update"], [one.strip() for one in str(operation.get("updateMask", "")).split(",")]
    resource = str(update.get("resourceName", ""))
    prefix = f"customers/{account.account_id}/{service}/"
    found = SERVICES[service](ads, resource.removeprefix(prefix)) if resource.startswith(prefix) else None
    if found is None or ads.campaigns[found.campaign_id].account_id != account.account_id:
        raise AdsError(400, "mutateError", "RESOURCE_NOT_FOUND", "Resource was not found.", field="resource_name")
    if service == "campaignBudgets":
        assert isinstance(found, Campaign)
        if masks not in (["amountMicros"], ["amount_micros"]):
            raise AdsError(
                400, "fieldMaskError", "FIELD_NOT_FOUND", f"The field mask contained an invalid field: {masks}."
            )
        return found.campaign_id, {"daily_budget": str(_amount(update, account.currency))}
    if masks != ["status"] or update.get("status") not in STATUSES.values():
        raise AdsError(400, "fieldMaskError", "FIELD_NOT_FOUND", f"The field mask contained an invalid field: {masks}.")
    if update["status"] == "REMOVED":
        raise AdsError(400, "operationAccessDeniedError", "REMOVE_OPERATION_NOT_PERMITTED", "Use the remove operation.")
    return _id_of(found), {"status": WORLD_STATUS[update["status"]]}


def _amount(update: dict[str, Any], currency: str) -> Decimal:
    micros = int(update.get("amountMicros", 0))
    if micros <= 0:
        raise AdsError(400, "campaignBudgetError", BELOW, "Budget is below the minimum.", field="amount_micros")
    if micros > LARGEST_MICROS:
        raise AdsError(400, "campaignBudgetError", TOO_LARGE, "A money amount is too large.", field="amount_micros")
    step = 1_000_000 if currency in WHOLE_UNITS else 10_000
    if micros % step:
        raise AdsError(
            400, "campaignBudgetError", "NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT",
            "A money amount was not a multiple of a minimum unit.", field="amount_micros",
        )  # fmt: skip
    return Decimal(micros) / 1_000_000


def _budget(ads: AdPlatform, name: str) -> Campaign | None:
    return next((one for one in ads.campaigns.values() if budget_id(one.campaign_id) == name), None)


def _ad(ads: AdPlatform, name: str) -> Ad | None:
    ad_set, _, ad_id = name.partition("~")
    found = ads.ads.get(ad_id)
    return found if found and found.ad_set_id == ad_set else None


def _group(*, performance_max: bool) -> Callable[[AdPlatform, str], AdSet | None]:
    def find(ads: AdPlatform, name: str) -> AdSet | None:
        found = ads.ad_sets.get(name)
        fits = found and (kind_of(ads.campaigns[found.campaign_id]) == "PERFORMANCE_MAX") is performance_max
        return found if fits else None

    return find


def _id_of(found: Campaign | AdSet | Ad) -> str:
    if isinstance(found, Campaign):
        return found.campaign_id
    return found.ad_set_id if isinstance(found, AdSet) else found.ad_id


SERVICES: dict[str, Callable[[AdPlatform, str], Campaign | AdSet | Ad | None]] = {
    "campaignBudgets": _budget,
    "campaigns": lambda ads, name: ads.campaigns.get(name),
    "adGroups": _group(performance_max=False),
    "assetGroups": _group(performance_max=True),
    "adGroupAds": _ad,
}
