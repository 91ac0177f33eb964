"""`clique lab clv`: BG/NBD and Gamma-Gamma on a file of orders, or of customers counted already."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from clique_app.customers import bgnbd, gamma_gamma
from clique_app.customers.cohorts import Purchase
from clique_app.customers.likelihood import Fit, NoFit
from clique_app.lab import orders
from clique_app.lab.table import BadFile, Row, Table, opened

WEEK_DAYS = 7
ROUNDING = 1e-9  # by so much of T the recency may be above it, as where both were worked out from days
HELD = "The customers do not determine all parameters of BG/NBD; they were held near usual values."


@dataclass(frozen=True)
class Book:
    """Customers as they were at the end of the calibration; times in weeks."""

    customers: Sequence[str]
    histories: bgnbd.Histories
    mean_value: np.ndarray | None  # of repeat orders; 0 for who has none. None: the file gives no amounts
    bought_later: int | None = None  # days with an order in the horizon; None: the file ends before it does


@dataclass(frozen=True)
class Answer:
    """What is told, and the columns of a file with one line a customer."""

    told: dict[str, Any]
    columns: dict[str, Sequence[Any]]


def answer(file: Path, calibration_end: date | None, horizon_weeks: float) -> Answer:
    """Fit both models and look ahead. NoFit where the purchases do not determine them."""
    found = _answer(file, calibration_end, horizon_weeks)
    if not all(map(np.isfinite, _numbers(found.told))):
        raise NoFit("These purchases, times and amounts are too far apart to be learnt from. Times are in weeks.")
    return found


def _numbers(told: Any) -> Iterator[float]:
    """All of them, however deep."""
    if isinstance(told, dict | list):
        for part in told.values() if isinstance(told, dict) else told:
            yield from _numbers(part)
    elif isinstance(told, int | float):
        yield told


def _answer(file: Path, calibration_end: date | None, horizon_weeks: float) -> Answer:
    table = opened(file)
    counted = table.has("frequency", "recency", "t")
    book = _counted(table) if counted else _from_orders(orders.read(table), calibration_end, horizon_weeks)
    model, fit = bgnbd.fit(book.histories)
    expected = model.purchases(book.histories, horizon_weeks)
    told = {
        "params": fit.parameters,
        "intervals": _intervals(fit),
        "held": fit.held,
        "log_likelihood": fit.log_likelihood,
        "gamma_gamma": None,
        "predicted_repeat_total": float(expected.sum()),
        "customers": len(book.customers),
        "horizon_weeks": horizon_weeks,
    }
    if book.bought_later is not None:
        told["actual_repeat_total"] = book.bought_later
    columns: dict[str, Sequence[Any]] = {
        "customer_id": book.customers,
        "frequency": book.histories.frequency.tolist(),
        "recency": book.histories.recency.tolist(),
        "T": book.histories.age.tolist(),
        "p_alive": model.alive(book.histories).tolist(),
        "expected_purchases": expected.tolist(),
        "next_order_weeks": _finite(model.next_purchase(book.histories)),
    }
    if book.mean_value is None:
        return Answer(told | {"gamma_gamma_reason": "The file gives no amounts."}, columns)
    try:
        spend, spend_fit = gamma_gamma.fit(book.histories.frequency, book.mean_value)
    except NoFit as error:
        return Answer(told | {"gamma_gamma_reason": error.message}, columns)
    value = spend.order_value(book.histories.frequency, book.mean_value)
    told |= {"gamma_gamma": spend_fit.parameters, "gamma_gamma_intervals": _intervals(spend_fit)}
    columns |= {
        "monetary": book.mean_value.tolist(),
        "expected_order_value": _finite(value),
        "expected_value": _finite(value * expected),
    }
    return Answer(told, columns)


def write(columns: dict[str, Sequence[Any]], file: Path) -> None:
    """One line a customer; what is unknown is empty."""
    try:
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
    except OSError as error:
        raise BadFile(f"Cannot write {file}: {error.strerror or error}.") from error


def text(told: dict[str, Any]) -> str:
    """The same for people."""
    lines = [
        f"{'Customers':22} {told['customers']:>14,}",
        f"{'Log-likelihood':22} {told['log_likelihood']:>14,.2f}",
    ]
    for name, value in told["params"].items():
        lines.append(_parameter(f"BG/NBD {name}", value, told["intervals"][name]))
    for name, value in (told["gamma_gamma"] or {}).items():
        lines.append(_parameter(f"Gamma-Gamma {name}", value, told["gamma_gamma_intervals"][name]))
    if told["held"]:
        lines.append(HELD)
    if told["gamma_gamma"] is None:
        lines.append(f"Gamma-Gamma: not known. {told['gamma_gamma_reason']}")
    ahead = f"Orders in {told['horizon_weeks']:g} weeks"
    lines.append(f"{ahead:22} {told['predicted_repeat_total']:>14,.1f}  expected")
    if "actual_repeat_total" in told:
        lines.append(f"{'':22} {told['actual_repeat_total']:>14,}  came")
    return "\n".join(lines)


def _from_orders(purchases: Sequence[Purchase], calibration_end: date | None, horizon_weeks: float) -> Book:
    """Days with orders; several on one day are one purchase."""
    last = max(purchase.day for purchase in purchases)
    end = calibration_end or last
    ahead = timedelta(days=round(horizon_weeks * WEEK_DAYS))  # not added to a day: after 9999 there is none
    spent: dict[str, dict[date, Decimal]] = defaultdict(dict)
    later: Counter[str] = Counter()
    seen: set[tuple[str, date]] = set()
    for one in purchases:
        if one.day <= end:
            spent[one.customer][one.day] = spent[one.customer].get(one.day, Decimal(0)) + one.amount
        elif one.day - end <= ahead and (one.customer, one.day) not in seen:
            seen.add((one.customer, one.day))
            later[one.customer] += 1
    if not spent:
        raise BadFile(f"No order was placed by {end}, the end of the calibration.")
    days = {customer: sorted(of) for customer, of in spent.items()}
    repeats = [[spent[customer][day] for day in of[1:]] for customer, of in days.items()]
    histories = bgnbd.Histories(
        np.array([len(of) for of in repeats]),
        np.array([(of[-1] - of[0]).days / WEEK_DAYS for of in days.values()]),
        np.array([(end - of[0]).days / WEEK_DAYS for of in days.values()]),
    )
    mean = np.array([float(sum(of) / len(of)) if of else 0.0 for of in repeats])
    reached = last - end >= ahead > timedelta(0)
    return Book(tuple(days), histories, mean, sum(later[c] for c in days) if reached else None)


def _counted(table: Table) -> Book:
    """One line a customer, in weeks."""
    table.needs("customer_id", "frequency", "recency", "t")
    valued = table.has("monetary")
    rows = []
    lines: dict[str, int] = {}
    for row in table.rows():
        name = row.text("customer_id")
        if (before := lines.setdefault(name, row.line)) != row.line:
            raise BadFile(f"Line {row.line}: customer_id {name[:40]!r} stands in line {before} already.")
        frequency, recency, age = row.count("frequency"), row.number("recency"), row.number("t")
        if recency > age * (1 + ROUNDING) or (recency > 0 and not frequency):
            raise BadFile(
                f"Line {row.line}: frequency {frequency}, recency {recency:g} and T {age:g} cannot be of one customer. "
                "Recency is from the first to the last purchase, T from the first to the end, both in weeks."
            )
        rows.append((name, frequency, min(recency, age), age, _monetary(row, frequency) if valued else 0.0))
    if not rows:
        raise BadFile("The file has a header and no customers.")
    names, *numbers = zip(*rows, strict=True)
    frequency, recency, age, mean = (np.array(column) for column in numbers)
    return Book(names, bgnbd.Histories(frequency, recency, age), mean if valued else None)


def _monetary(row: Row, frequency: int) -> float:
    """The mean value of the repeat orders; who has none may have nothing there, which some tools write as NaN."""
    if not frequency and row.cells["monetary"].lower() in ("", "nan"):
        return 0.0
    return row.number("monetary")


def _intervals(fit: Fit) -> dict[str, list[float]]:
    return {name: list(ends) for name, ends in fit.intervals.items()}


def _finite(values: np.ndarray) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]


def _parameter(label: str, value: float, ends: Sequence[float]) -> str:
    return f"{label:22} {value:14,.4f}  95 % {ends[0]:,.4f} to {ends[1]:,.4f}"
