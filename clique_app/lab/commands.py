"""`clique lab`: the commands. What they work with is imported by the one that needs it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, ParamSpec, cast

import typer

from clique_app.errors import CliqueError
from clique_app.lab.table import BadFile

P = ParamSpec("P")
MOST = 5_000  # weeks, or touches: a century

lab_app = typer.Typer(no_args_is_help=True, help="Clique's methods on a file of your own; no store is needed.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file, plain or gzipped.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def shows_bad_files(command: Callable[P, None]) -> Callable[P, None]:
    """What is wrong with the file is printed and ends with 2; data that a model cannot be fitted to with 1."""

    @functools.wraps(command)
    def shown(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except CliqueError as error:
            typer.echo(f"clique: {error.message}", err=True)
            raise typer.Exit(2 if isinstance(error, BadFile) else 1) from error

    return shown


@lab_app.command("paths")
@shows_bad_files
def paths(
    file: File,
    model: Annotated[
        str,
        typer.Option(help="last, last-non-direct, first, linear, position, decay, markov or shapley."),
    ],
    half_life: Annotated[
        float, typer.Option(min=0.01, help="decay: after how many later touches a touch counts half.")
    ] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Credit channels: columns path, total_conversions, total_conversion_value, total_null."""
    from clique_app.attribution.models import MODELS, Model
    from clique_app.lab import paths as lab

    if model not in MODELS:
        raise BadFile(f"--model is {', '.join(MODELS[:-1])} or {MODELS[-1]}, not {model}.")
    _tell(lab.answer(file, cast(Model, model), _finite("--half-life", half_life)), lab.text, as_json=as_json)


@lab_app.command("clv")
@shows_bad_files
def clv(
    file: File,
    calibration_end: Annotated[
        str,
        typer.Option(help="Orders up to this day are learnt from, YYYY-MM-DD.", show_default="the last order's day"),
    ] = "",
    horizon_weeks: Annotated[float, typer.Option(min=0, help="How far to look ahead.")] = 52.0,
    out: Annotated[Path | None, typer.Option(help="Write a CSV with one line a customer.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Who buys again, and for how much: columns customer_id, order_date, amount; or customer_id, frequency, recency,
    T and monetary, in weeks."""
    from clique_app.lab import clv as lab

    try:
        end = date.fromisoformat(calibration_end) if calibration_end else None
    except ValueError as error:
        raise BadFile(f"--calibration-end is {calibration_end!r}, not a date such as 2026-03-02.") from error
    found = lab.answer(file, end, _finite("--horizon-weeks", horizon_weeks))
    if out is not None:
        lab.write(found.columns, out)
    _tell(found.told, lab.text, as_json=as_json)


@lab_app.command("orders")
@shows_bad_files
def orders(file: File, as_json: AsJson = False) -> None:
    """Repeat rate, LTV, gaps and months: columns customer_id, order_date, amount."""
    from clique_app.lab import orders as lab

    _tell(lab.answer(file), lab.text, as_json=as_json)


def _finite(option: str, value: float) -> float:
    if not isfinite(value) or value > MOST:
        raise BadFile(f"{option} is {value:g}; it must be a number up to {MOST:,}.")
    return value


def _tell(told: dict[str, Any], text: Callable[[dict[str, Any]], str], *, as_json: bool) -> None:
    typer.echo(json.dumps(told, indent=2, allow_nan=False) if as_json else text(told))
