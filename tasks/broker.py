"""The message broker: Redis, one queue per latency class, at-least-once delivery. Every actor is safe to repeat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dramatiq
import redis
import structlog
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import Retry
from dramatiq.middleware import AgeLimit, Middleware, Retries, ShutdownNotifications, TimeLimit

from clique_app.errors import RateLimited
from clique_app.logs import configure_logs, log
from clique_app.settings import settings

WEBHOOKS, ACTIONS, SYNC, HISTORY, ANALYSIS = QUEUES = ("webhooks", "actions", "sync", "history", "analysis")

MINUTE_MS = 60_000
HEARTBEAT_TIMEOUT_MS = 15_000  # after it, the messages of a killed worker are delivered again
MAINTENANCE_CHANCE = 200_000  # in a million commands; the default leaves an idle system's messages lying for minutes
MAX_AGE_MS = 24 * 60 * MINUTE_MS


class LogContext(Middleware):
    """Names the message in every line an actor logs, and logs what failed."""

    def after_process_boot(self, broker: dramatiq.Broker) -> None:
        configure_logs()

    def before_process_message(self, broker: dramatiq.Broker, message: dramatiq.Message) -> None:
        structlog.contextvars.bind_contextvars(actor=message.actor_name, message_id=message.message_id)

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: dramatiq.Message,
        *,
        result: object = None,
        exception: BaseException | None = None,
    ) -> None:
        if exception is not None and not isinstance(exception, Retry):
            log("tasks").error("actor_failed", args=list(message.args), exc_info=exception)
        structlog.contextvars.clear_contextvars()

    def after_skip_message(self, broker: dramatiq.Broker, message: dramatiq.Message) -> None:
        structlog.contextvars.clear_contextvars()


class SettingsPool(redis.ConnectionPool):
    """Connections to the settings' Redis, read when the first is made: importing an actor asks for no settings."""

    def make_connection(self) -> Any:
        asked = redis.ConnectionPool.from_url(settings().redis_url)
        self.connection_class, self.connection_kwargs = asked.connection_class, asked.connection_kwargs
        return super().make_connection()


def _broker() -> RedisBroker:
    return RedisBroker(
        client=redis.Redis(connection_pool=SettingsPool()),
        heartbeat_timeout=HEARTBEAT_TIMEOUT_MS,
        maintenance_chance=MAINTENANCE_CHANCE,
        middleware=[
            LogContext(),
            AgeLimit(max_age=MAX_AGE_MS),
            TimeLimit(time_limit=10 * MINUTE_MS),
            ShutdownNotifications(),
            Retries(max_retries=10, min_backoff=1_000, max_backoff=5 * MINUTE_MS),
        ],
    )


broker = _broker()
dramatiq.set_broker(broker)


def send_soon(actor: dramatiq.Actor[..., Any], *args: int, delay_ms: int) -> None:
    """Send one message for all who ask for the same within the delay; it is taken up when that is over."""
    if broker.client.set(f"asked/{actor.actor_name}/{args}", 1, nx=True, px=delay_ms):
        actor.send_with_options(args=args, delay=delay_ms)


@contextmanager
def patient() -> Iterator[None]:
    """Lets an actor come back when the platform said it may."""
    try:
        yield
    except RateLimited as error:
        raise Retry(error.message, delay=int(error.retry_after * 1000)) from error
