"""What customers brought until now, and what is expected of them, by what the customers are or by what won them, each
in its share. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clique_app.metrics.cohort_days import CUSTOMER, ORDER, Days, positions
from clique_app.metrics.order_worth import MEASURES, NOBODY
from clique_app.metrics.packed import MILLION, Packed, money
from clique_app.tables.rollups import NOT_EXPECTED

EXPECTED = np.dtype([("customer", ">i8"), ("chance", ">i8"), ("value", ">i8"), ("model", ">i8")])  # of WonExpectedDay
Part = tuple[Any, Decimal, bytes]  # a member, a share, and the numbers of the customers who are its in that share


class Expected:
    """What is expected of each customer."""

    def __init__(self, days: Days) -> None:
        """Of rows of WonExpectedDay."""
        rows = Packed(days, EXPECTED).rows
        customers = rows["customer"].astype(np.int64)
        in_order = np.argsort(customers)
        self._customers, rows = customers[in_order], rows[in_order]
        self._chance, self._value, self._model = (rows[name].astype(np.int64) for name in ("chance", "value", "model"))

    def chances(self, customers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """In millionths how likely each orders again, and of whom that is told."""
        [chances], known = self._of(customers, self._chance)
        return chances, known & (chances != NOT_EXPECTED)

    def values(self, customers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
        """In millionths what each brings in a year, of whom that is told, and whose model says so; 0: no model says
        anything of them."""
        [values, models], known = self._of(customers, self._value, self._model)
        models = np.where(known, models, 0)
        return values, (models > 0) & (values != NOT_EXPECTED), models

    def _of(
        self, customers: NDArray[np.int64], *columns: NDArray[np.int64]
    ) -> tuple[list[NDArray[np.int64]], NDArray[np.bool_]]:
        place, known = positions(self._customers, customers)
        return [column[place] if len(column) else np.zeros(len(place), np.int64) for column in columns], known


@dataclass
class Worth:
    """What is expected of a member's customers, in their shares. models: who says so."""

    known: Decimal
    value: Decimal
    squares: float
    models: set[int]


class Won:
    """Customers who were won, by member."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts = [part for part in parts if part[2]]  # a redaction empties a part until it is made anew
        told = [np.frombuffer(customers, CUSTOMER) for _, _, customers in self._parts]
        of_all = np.concatenate([np.empty(0, CUSTOMER), *told]).astype(np.int64)
        self._customers, self._who = np.unique(of_all, return_inverse=True)
        self._lengths = [len(customers) for customers in told]
        self._firsts = np.cumsum([0, *self._lengths])[:-1]  # where each part begins
        self._brought = np.zeros((len(self._customers), len(MEASURES)), np.int64)

    def add(self, days: Days) -> None:
        """Their orders among rows of OrderWorthDay."""
        rows = Packed(days, ORDER).rows
        rows = rows[rows["customer"] != NOBODY]
        place, known = positions(self._customers, rows["customer"].astype(np.int64))
        for column, measure in enumerate(MEASURES):
            np.add.at(self._brought[:, column], place[known], rows[measure][known].astype(np.int64))

    def brought(self) -> Mapping[str, Mapping[Any, Decimal]]:
        """By measure and member, of the orders added."""
        found: dict[str, dict[Any, Decimal]] = {measure: {} for measure in MEASURES}
        for (member, share, _), sums in zip(self._parts, self._by_part(self._brought), strict=True):
            for measure, amount in zip(MEASURES, sums, strict=True):
                of = found[measure]
                of[member] = of.get(member, Decimal(0)) + money(amount) * share
        return found

    def expected(self, of: Expected) -> Mapping[Any, Worth]:
        """By member; one of whom no model says anything is not there."""
        values, told, models = of.values(self._customers)
        values = np.where(told, values, 0)
        sums = self._by_part(np.stack((told, values), axis=1))
        squares = self._by_part((values / MILLION) ** 2)
        parts = np.repeat(np.arange(len(self._parts)), self._lengths)
        by_model = np.unique(np.stack((parts, models[self._who])), axis=1)
        said: dict[int, set[int]] = {}
        for part, model in by_model.T[by_model[1] > 0].tolist():
            said.setdefault(part, set()).add(model)
        found: dict[Any, Worth] = {}
        for part, who_says in said.items():
            member, share, _ = self._parts[part]
            worth = found.setdefault(member, Worth(Decimal(0), Decimal(0), 0.0, set()))
            worth.known += int(sums[part, 0]) * share
            worth.value += money(sums[part, 1]) * share
            worth.squares += float(squares[part]) * float(share)
            worth.models |= who_says
        return found

    def _by_part(self, of_customers: np.ndarray) -> np.ndarray:
        """Sums over the customers of each part."""
        return np.add.reduceat(of_customers[self._who], self._firsts, axis=0) if self._parts else of_customers[:0]
