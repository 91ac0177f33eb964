"""What Meta tells by itself: how an app and an ad account are subscribed, and what a message is about."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from clique_app.errors import Rejected, Unavailable
from clique_app.integrations.meta.client import MetaClient
from clique_app.integrations.meta.settings import MetaSettings
from clique_app.settings import settings

OBJECT = "ad_account"
FIELDS = ("creative_fatigue", "in_process_ad_objects", "with_issues_ad_objects")

Row = dict[str, Any]


def verify_token() -> str:
    """What Meta has to repeat when it asks whether the address is ours; made of our own secret."""
    key = settings().session_secret.get_secret_value().encode()
    return hmac.new(key, b"meta webhooks", hashlib.sha256).hexdigest()


def is_signed(body: bytes, signature: str) -> bool:
    """Whether the raw body carries the app's signature."""
    key = MetaSettings.read().app_secret.get_secret_value().encode()
    right = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
    return bool(key) and hmac.compare_digest(right.encode(), signature.encode())


def subscribe_app(callback_url: str) -> bool:
    """See to it that the app's messages come to this address. True where something had to be mended."""
    config = MetaSettings.read()
    client = MetaClient(f"{config.app_id}|{config.app_secret.get_secret_value()}")
    path = f"{config.app_id}/subscriptions"
    for page in client.pages(path, {}):
        for row in page:
            held = {str(field["name"]) for field in row.get("fields") or ()}
            if row.get("object") == OBJECT and row.get("callback_url") == callback_url and set(FIELDS) <= held:
                return not row.get("active", True) and _subscribe_app(client, path, callback_url)
    return _subscribe_app(client, path, callback_url)


def _subscribe_app(client: MetaClient, path: str, callback_url: str) -> bool:
    asked = {"object": OBJECT, "callback_url": callback_url, "fields": ",".join(FIELDS), "include_values": True}
    _done(client.post(path, {**asked, "verify_token": verify_token()}))
    return True


def subscribe_account(token: str, account_id: str) -> bool:
    """See to it that the account's messages go to the app. True where something had to be mended."""
    client, path = MetaClient(token, account_id), f"act_{account_id}/subscribed_apps"
    app_id = MetaSettings.read().app_id
    if any(str(row.get("id")) == app_id for page in client.pages(path, {}) for row in page):
        return False
    _done(client.post(path, {"app_id": app_id}))
    return True


def unsubscribe_account(token: str, account_id: str) -> None:
    """No more messages of this account."""
    client = MetaClient(token, account_id)
    _done(client.delete(f"act_{account_id}/subscribed_apps", {"app_id": MetaSettings.read().app_id}))


def object_id(value: Row) -> str:
    """The campaign, ad set or ad a message is about, or '' where it names none."""
    found = next((value[name] for name in ("id", "adgroup_id", "ad_id", "object_id") if value.get(name)), "")
    return str(found) if str(found).isdigit() else ""


def standing(token: str, account_id: str, platform_id: str) -> Row:
    """How an object stands now. Rejected where it is not the account's."""
    row = MetaClient(token, account_id).get(platform_id, {"fields": "account_id,name,status,effective_status"})
    if str(row.get("account_id")) != account_id:
        raise Rejected("This does not belong to the ad account that the message came from.")
    return {
        "platform_id": platform_id,
        "name": str(row.get("name") or ""),
        "status": str(row["status"]).lower(),
        "effective_status": str(row.get("effective_status") or "").lower(),
    }


def _done(answer: Row) -> None:
    if answer.get("success") is not True:
        raise Unavailable("Meta did not say that it will send its messages. Clique asks again tomorrow.")
