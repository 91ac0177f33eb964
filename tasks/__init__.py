"""What runs beside the pages. The worker loads this package, and with it every actor: `dramatiq tasks`."""

from tasks import actions, analysis, install, keeping, sync, webhooks

__all__ = ["actions", "analysis", "install", "keeping", "sync", "webhooks"]
