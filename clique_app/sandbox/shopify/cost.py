"""What a document costs: the formula fitted to captured responses, and the leaky bucket per app and store."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)
from graphql.language import FragmentDefinitionNode

from clique_app.sandbox.shopify.selections import fields

MAX_QUERY_COST = 1000
BUCKET_SIZE = 2000
RESTORED_PER_SECOND = 100
MUTATION_COST = 10
FREE_TYPES = frozenset({"MoneyV2", "MoneyBag", "MailingAddress", "PageInfo"})


def page_weight(size: int) -> int:
    return 0 if size <= 0 else max(1, math.floor(2 * math.log(size)))


@dataclass(slots=True)
class CostOf:
    """Costs of one document; with `data` the sizes are the real ones, else those asked for."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    variables: dict[str, Any]

    def operation(self, operation: OperationDefinitionNode, data: dict[str, Any] | None = None) -> int:
        mutation = operation.operation.value == "mutation"
        root = self.schema.mutation_type if mutation else self.schema.query_type
        assert root is not None
        actual = data is not None
        total = 0
        for field, _ in fields(operation.selection_set, root.name, self.fragments):
            answer = _value(field, data)
            total += MUTATION_COST if mutation else self._field(field, root.name, answer, actual)
        return total

    def _selection(self, selection: SelectionSetNode, type_name: str, data: Any, actual: bool) -> int:
        """Fields on the type itself, plus the dearest branch of an interface or union."""
        shared, branches = 0, dict[str, int]()
        for field, on in fields(selection, type_name, self.fragments):
            cost = self._field(field, on, _value(field, data), actual)
            if on != type_name and is_abstract_type(self.schema.type_map[type_name]):
                branches[on] = branches.get(on, 0) + cost
            else:
                shared += cost
        return shared + max(branches.values(), default=0)

    def _field(self, field: FieldNode, parent: str, data: Any, actual: bool) -> int:
        name = field.name.value
        definition = getattr(self.schema.type_map[parent], "fields", {}).get(name)
        if definition is None or field.selection_set is None or (actual and data is None):
            return 0
        returned = get_named_type(definition.type)
        if not is_composite_type(returned) or returned.name in FREE_TYPES or name == "userErrors":
            return 0
        if returned.name.endswith("Connection"):
            return self._connection(field, returned.name, data, actual)
        sample = data[0] if isinstance(data, list) and data else data
        each = 1 + self._selection(field.selection_set, returned.name, sample, actual)
        if parent == "QueryRoot" and name == "nodes":
            return each * len(data if actual else self._argument(field, "ids") or [])
        return each

    def _connection(self, field: FieldNode, type_name: str, data: Any, actual: bool) -> int:
        assert field.selection_set is not None
        total = 2
        for inner, on in fields(field.selection_set, type_name, self.fragments):
            name = inner.name.value
            if name not in ("edges", "nodes") or inner.selection_set is None:
                continue
            rows = _value(inner, data) or []
            asked = self._argument(field, "first") or self._argument(field, "last") or 1
            row_type = get_named_type(self.schema.type_map[on].fields[name].type).name  # type: ignore[attr-defined]
            cost_of = self._edge if name == "edges" else self._selection
            node = max(cost_of(inner.selection_set, row_type, row, actual) for row in rows or [None])
            total += page_weight(len(rows) if actual else asked) * (1 + node)
        return total

    def _edge(self, edge: SelectionSetNode, type_name: str, row: Any, actual: bool) -> int:
        """An edge itself is free; its node's content counts."""
        for inner, on in fields(edge, type_name, self.fragments):
            if inner.name.value == "node" and inner.selection_set is not None:
                node_type = get_named_type(self.schema.type_map[on].fields["node"].type)  # type: ignore[attr-defined]
                return self._selection(inner.selection_set, node_type.name, _value(inner, row), actual)
        return 0

    def _argument(self, field: FieldNode, name: str) -> Any:
        for argument in field.arguments or ():
            if argument.name.value != name:
                continue
            if isinstance(argument.value, VariableNode):
                return self.variables.get(argument.value.name.value)
            if isinstance(argument.value, IntValueNode):
                return int(argument.value.value)
            return list(getattr(argument.value, "values", ()))
        return None


def _value(field: FieldNode, data: Any) -> Any:
    key = field.alias.value if field.alias else field.name.value
    return data.get(key) if isinstance(data, dict) else None


@dataclass(slots=True)
class Bucket:
    """Points of one app at one store; they come back with time (seconds of a steady clock)."""

    points: float = BUCKET_SIZE
    as_of: float = 0.0

    def restore(self, now: float) -> None:
        self.points = min(BUCKET_SIZE, self.points + max(0.0, now - self.as_of) * RESTORED_PER_SECOND)
        self.as_of = now

    def take(self, cost: int, now: float) -> bool:
        self.restore(now)
        if cost > self.points:
            return False
        self.points -= cost
        return True

    def refund(self, points: int) -> None:
        self.points = min(BUCKET_SIZE, self.points + points)

    def status(self) -> dict[str, Any]:
        return {
            "maximumAvailable": float(BUCKET_SIZE),
            "currentlyAvailable": int(self.points),
            "restoreRate": float(RESTORED_PER_SECOND),
        }
