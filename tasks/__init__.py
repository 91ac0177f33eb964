"""What runs beside the pages. The worker loads this package, and with it every actor: `dramatiq tasks`."""

from tasks import actions, analysis, day_end, install, sync, webhooks

__all__ = ["actions", "analysis", "day_end", "install", "sync", "webhooks"]
