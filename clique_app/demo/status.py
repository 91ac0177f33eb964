"""`clique status`."""

from __future__ import annotations

import os
import time

import httpx
import typer

from clique_app.demo import record
from clique_app.errors import CliqueError


def show() -> None:
    demo = record.running_demo()
    if demo is None:
        started = record.try_lock()
        if started is None:
            raise CliqueError("A demo is starting or ending here.")
        os.close(started)
        raise CliqueError("Nothing runs here. `clique demo` starts it.")
    typer.echo(f"Demo of {demo.store}, up for {_age(demo.started_at)} (pid {demo.pid})")
    for label, url in (("admin", demo.admin_url), ("app", demo.app_url), ("sandbox", demo.sandbox_url)):
        typer.echo(f"  {label:<10} {url}")
    typer.echo(f"  {'data':<10} {demo.data}")
    typer.echo(f"  {'webhooks':<10} {_inbox(demo)}")
    for service in demo.services:
        restarted = f", restarted {service['restarts']} times" if service["restarts"] else ""
        age = _age(service["started_at"])
        typer.echo(f"  {service['name']:<10} pid {service['pid']:<8} up for {age}{restarted}")


def _inbox(demo: record.Demo) -> str:
    """How far behind the inbox is, as the app says itself."""
    try:
        found = httpx.get(f"{demo.app_url}/health/ready", timeout=5, trust_env=False).json().get("inbox")
    except (httpx.HTTPError, ValueError):
        found = None
    if found is None:
        return "the app does not answer"
    waiting = f"{found['waiting']:,} waiting"
    if found["oldest_seconds"] is not None:
        waiting += f", the oldest for {found['oldest_seconds']:.0f} s"
    return f"{waiting}; {found['dead']:,} given up"


def _age(since: float) -> str:
    seconds = int(time.time() - since)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
