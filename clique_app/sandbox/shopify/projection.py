"""A bulk query compiled once into plain functions, run per record: a row for each node of each connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_argument_values,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
)
from graphql.language import FragmentDefinitionNode, FragmentSpreadNode

from clique_app.sandbox.shopify.context import Context
from clique_app.sandbox.shopify.field_tables import connection_of, field_of, not_served, type_name_of
from clique_app.sandbox.shopify.graphql_errors import access_denied

Row = dict[str, Any]


@dataclass(slots=True)
class Shape:
    """What is written of an object of one concrete type, and which connections hang below it."""

    reads: list[tuple[str, Callable[[Any], Any]]] = field(default_factory=list)
    below: list[tuple[Callable[[Any], Any], Nodes]] = field(default_factory=list)

    def row(self, value: Any) -> Row:
        return {key: read(value) for key, read in self.reads}


class Nodes:
    """The shapes of values that stand in one place; an interface has one for each type that turns up."""

    def __init__(self, compiler: Compiler, selections: list[SelectionSetNode], type_name: str) -> None:
        self._compiler, self._selections, self._type_name = compiler, selections, type_name
        self._shapes: dict[str, Shape] = {}
        self.abstract = is_abstract_type(compiler.schema.type_map[type_name])
        self._only = None if self.abstract else compiler.shape(selections, type_name)

    def shape(self, value: Any) -> Shape:
        if self._only is not None:
            return self._only
        name = type_name_of(value)
        shape = self._shapes.get(name)
        if shape is None:
            shape = self._shapes[name] = self._compiler.shape(self._selections, name)
        return shape

    def row(self, value: Any) -> Row | None:
        return None if value is None else self.shape(value).row(value)

    def rows(self, value: Any, parent_id: str | None) -> Iterator[Row]:
        """The value's own row, then those of everything below it."""
        shape = self.shape(value)
        row = shape.row(value)
        if parent_id is not None:
            row["__parentId"] = parent_id
        yield row
        for reach, nodes in shape.below:
            for child in reach(value) or ():
                yield from nodes.rows(child, row["id"])


class Compiler:
    def __init__(self, document: DocumentNode, ctx: Context) -> None:
        self.schema, self.ctx = ctx.published.schema, ctx
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self.operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))

    def root(self) -> Shape:
        return self.shape([self.operation.selection_set], "QueryRoot")

    def shape(self, selections: list[SelectionSetNode], type_name: str) -> Shape:
        shape = Shape()
        for key, nodes in self._merged(selections, type_name).items():
            self._add(shape, type_name, key, nodes)
        return shape

    def _merged(self, selections: list[SelectionSetNode], type_name: str) -> dict[str, list[FieldNode]]:
        """The fields that apply to this concrete type, by response key; repeated ones stand together."""
        merged: dict[str, list[FieldNode]] = {}
        for selection in selections:
            for node in selection.selections:
                if isinstance(node, FieldNode):
                    key = node.alias.value if node.alias else node.name.value
                    merged.setdefault(key, []).append(node)
                    continue
                inner = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
                assert isinstance(inner, (InlineFragmentNode, FragmentDefinitionNode))
                on = inner.type_condition.name.value if inner.type_condition else type_name
                if self._applies(type_name, on):
                    for key, nodes in self._merged([inner.selection_set], type_name).items():
                        merged.setdefault(key, []).extend(nodes)
        return merged

    def _applies(self, type_name: str, on: str) -> bool:
        if type_name == on:
            return True
        kind = self.schema.type_map[on]
        return is_abstract_type(kind) and self.schema.is_sub_type(kind, self.schema.type_map[type_name])  # type: ignore[arg-type]

    def _add(self, shape: Shape, type_name: str, key: str, nodes: list[FieldNode]) -> None:
        name = nodes[0].name.value
        if name == "__typename":
            shape.reads.append((key, lambda value: type_name))
            return
        definition = self.schema.type_map[type_name].fields[name]  # type: ignore[attr-defined]
        returned = get_named_type(definition.type)
        denied = self.ctx.missing_access(type_name, name, returned.name)
        if denied is not None:
            raise access_denied(name, denied.text)
        args, ctx = get_argument_values(definition, nodes[0]), self.ctx
        below = [n.selection_set for n in nodes if n.selection_set is not None]
        connection = connection_of(type_name, name)
        if connection is not None:
            content = [x for s in below for x in self._below(s, "edges")]
            node_sets = [x for s in content for x in self._below(s, "node")]
            node_type = get_named_type(
                get_named_type(returned.fields["edges"].type).fields["node"].type  # type: ignore[attr-defined]
            ).name
            reach = lambda value: connection(value, args, ctx)  # noqa: E731
            shape.below.append((reach, Nodes(self, node_sets, node_type)))
            return
        read = field_of(type_name, name)
        if read is None:
            raise not_served(type_name, name)
        if is_leaf_type(returned):
            shape.reads.append((key, lambda value: read(value, args, ctx)))
            return
        inner = Nodes(self, below, returned.name)
        if is_list_type(get_nullable_type(definition.type)):
            shape.reads.append((key, lambda value: [inner.row(x) for x in read(value, args, ctx) or ()]))
            return
        shape.reads.append((key, lambda value: inner.row(read(value, args, ctx))))
        if not inner.abstract:
            self._lift(shape, inner.shape(None), lambda value: read(value, args, ctx))

    @staticmethod
    def _lift(shape: Shape, inner: Shape, reach_inner: Callable[[Any], Any]) -> None:
        """Connections below a plain object hang below the node it stands in."""
        for reach, nodes in inner.below:

            def through(value: Any, reach: Callable[[Any], Any] = reach) -> Any:
                found = reach_inner(value)
                return None if found is None else reach(found)

            shape.below.append((through, nodes))

    def _below(self, selection: SelectionSetNode, name: str) -> list[SelectionSetNode]:
        found: list[SelectionSetNode] = []
        for node in selection.selections:
            if isinstance(node, FieldNode):
                if node.name.value == name and node.selection_set is not None:
                    found.append(node.selection_set)
            else:
                inner = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
                assert isinstance(inner, (InlineFragmentNode, FragmentDefinitionNode))
                found += self._below(inner.selection_set, name)
        return found
