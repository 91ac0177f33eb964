"""What follows an install: webhooks, the web pixel, first imports, what was missed; and the daily look whether they
still hold."""

from __future__ import annotations

from dataclasses import asdict

import dramatiq

from clique_app import live
from clique_app.connections import install
from clique_app.logs import log
from tasks.broker import SYNC, patient
from tasks.stores import installed_stores
from tasks.sync import resume_histories, start_sync


def open_store(shop_domain: str, session_token: str, user_id: int) -> int:
    """The store of a verified session token; a new one is given its webhooks and first imports. For the page layer."""
    return _follow(install.open_store(shop_domain, session_token, user_id))


def install_with_code(shop_domain: str, code: str) -> int:
    """The same for the callback of the code grant."""
    return _follow(install.install_with_code(shop_domain, code))


def _follow(opened: install.Opened) -> int:
    if opened.missed:
        catch_up(opened.store_id)
    elif opened.installed_now:
        check_store.send(opened.store_id)
        check_pixel.send(opened.store_id)
        start_sync(opened.store_id, None, "first_import")
        live.publish(opened.store_id, "connections")
    return opened.store_id


def catch_up(store_id: int) -> None:
    """The store was away or now allows more: its webhooks are asked for again and what was missed is read."""
    check_store.send(store_id)
    check_pixel.send(store_id)
    start_sync(store_id, None, "catch_up")
    resume_histories(store_id)
    live.publish(store_id, "connections")


@dramatiq.actor(queue_name=SYNC)
def check_store(store_id: int) -> None:
    """One store's facts and webhook subscriptions."""
    with patient():
        repaired = install.check_store(store_id)
    if repaired:
        log("install").info("webhooks_repaired", store_id=store_id, **asdict(repaired))
    live.publish(store_id, "connections")


@dramatiq.actor(queue_name=SYNC)
def check_pixel(store_id: int) -> None:
    """One store's web pixel."""
    with patient():
        if install.check_pixel(store_id):
            log("install").info("pixel_repaired", store_id=store_id)
    live.publish(store_id, "connections")


@dramatiq.actor(queue_name=SYNC, max_retries=0)
def check_all_stores() -> None:
    """Daily, every store."""
    for store in installed_stores():
        check_store.send(store.store_id)
        check_pixel.send(store.store_id)
