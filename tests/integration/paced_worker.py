"""The worker's module for the kill test: the app's own actors over a source that takes its time."""

import tasks
import tasks.sync
from tests.integration.stores import CustomerSource

__all__ = ["tasks"]
tasks.sync.SOURCES = (CustomerSource(total=400, batch=10, pause=0.1),)  # pyright: ignore[reportAttributeAccessIssue]
