"""Structured logs to standard error: one JSON object a line, no secrets, no query strings."""

from __future__ import annotations

import logging
import sys

import structlog

from clique_app.settings import settings


def configure_logs() -> None:
    """Set up the process's logging once, at its edge."""
    level = logging.getLevelNamesMapping()[settings().log_level.upper()]
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(name)s %(message)s")
    # httpx logs whole URLs at INFO, and platform URLs carry tokens in their query
    for name in ("httpx", "httpcore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def log(name: str) -> structlog.stdlib.BoundLogger:
    """A logger of the part of Clique that speaks; lazy, so that modules may make theirs before the logs are set up."""
    return structlog.get_logger(part=name)
