"""What a log line may carry."""

from __future__ import annotations

import json

import pytest
import structlog

from clique_app import logs


def test_a_logger_made_before_the_logs_are_set_up_writes_json_without_local_variables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    structlog.reset_defaults()
    early = logs.log("early")
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(),
    )
    try:
        token = "shpat_" + "x" * 8
        raise ValueError(len(token))
    except ValueError:
        early.error("failed", exc_info=True)
    structlog.reset_defaults()
    line = capsys.readouterr().out
    assert json.loads(line)["part"] == "early"
    assert "shpat_" not in line.replace('"shpat_" + "x" * 8', "")
