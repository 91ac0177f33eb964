"""What runs beside the pages. The worker loads this package, and with it every actor: `dramatiq tasks`."""

from tasks import actions, ad_pushes, analysis, day_end, imports, install, keeping, rollups, site, sync, webhooks

__all__ = [
    "actions",
    "ad_pushes",
    "analysis",
    "day_end",
    "imports",
    "install",
    "keeping",
    "rollups",
    "site",
    "sync",
    "webhooks",
]
