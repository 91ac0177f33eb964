"""What Shopify refuses to run in bulk, in its own words."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    parse,
    validate,
)
from graphql.language import FragmentDefinitionNode

from clique_app.sandbox.shopify.selections import fields

MAX_CONNECTIONS = 5
MAX_DEPTH = 2  # connections below the root one
MAX_QUERY_BYTES = 65_535


@dataclass(slots=True)
class Findings:
    connections: int = 0
    depth: int = 0
    top_level_node: bool = False
    within_list: bool = False
    selecting_nodes: list[str] = field(default_factory=list)
    without_parent_id: list[str] = field(default_factory=list)


def refusals(schema: GraphQLSchema, query: str) -> list[str]:
    """Why this text cannot run in bulk; empty when it can."""
    if len(query.encode()) > MAX_QUERY_BYTES:
        return [f"Invalid bulk query: the query is longer than {MAX_QUERY_BYTES} bytes"]
    try:
        document = parse(query)
    except GraphQLSyntaxError as error:
        reason = error.message.replace("Syntax Error: ", "")
        if not query.strip() or "<EOF>" in reason:
            reason = "unexpected end of file"
        return [f"Invalid bulk query: syntax error, {reason}"]
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation.value != "query":
        return ["Invalid operation type. Only `query` operations are supported."]
    invalid = validate(schema, document)
    if invalid:
        return [f"Invalid bulk query: {error.message}" for error in invalid]
    return _told(_Reader(schema, document).read(operations[0]))


def _told(found: Findings) -> list[str]:
    told: list[str] = []
    if found.selecting_nodes:
        names = "', '".join(found.selecting_nodes)
        told.append(
            "All connection fields in a bulk query must select their contents using 'edges' > 'node', e.g: "
            "'products { edges { node {'. Selecting via 'nodes' is not supported. "
            f"Invalid connection fields: '{names}'."
        )
    if found.top_level_node:
        told.append("Bulk queries cannot contain a top level `node` field.")
    if found.depth > MAX_DEPTH:
        told.append("Bulk queries cannot contain connections with a nesting depth greater than 2.")
    if found.connections > MAX_CONNECTIONS:
        told.append("Bulk queries cannot contain more than 5 connections.")
    if found.without_parent_id:
        told.append(
            "The parent 'node' field for a nested connection must select the 'id' field without an alias and "
            "must be of 'ID' return type. Connection fields without 'id': "
            f"{', '.join(found.without_parent_id)}."
        )
    if found.within_list:
        told.append("Queries that contain a connection field within a list field are not currently supported.")
    if found.connections == 0 and (not told or found.top_level_node):
        told.append("Bulk queries must contain at least one connection.")
    return told


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a selection stands: under which connection, how deep, inside a list or not."""

    depth: int = -1
    parent: str | None = None
    parent_has_id: bool = True
    in_list: bool = False


class _Reader:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.schema = schema
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self.found = Findings()

    def read(self, operation: OperationDefinitionNode) -> Findings:
        root = self.schema.query_type
        assert root is not None
        self.selection(operation.selection_set, root.name, _Place())
        return self.found

    def selection(self, selection: SelectionSetNode, type_name: str, place: _Place) -> None:
        for node, on in fields(selection, type_name, self.fragments):
            name = node.name.value
            if node.selection_set is None:
                continue
            if on == "QueryRoot" and name in ("node", "nodes"):
                self.found.top_level_node = True
            kind = self.schema.type_map[on].fields[name].type  # type: ignore[attr-defined]
            named = get_named_type(kind).name
            if named.endswith("Connection"):
                self.connection(node, named, place)
            else:
                in_list = place.in_list or is_list_type(get_nullable_type(kind))
                inner = _Place(place.depth, place.parent, place.parent_has_id, in_list)
                self.selection(node.selection_set, named, inner)

    def connection(self, node: FieldNode, type_name: str, place: _Place) -> None:
        assert node.selection_set is not None
        name, found = node.name.value, self.found
        parts = dict[str, tuple[FieldNode, str]]()
        for inner, on in fields(node.selection_set, type_name, self.fragments):
            parts[inner.name.value] = (inner, on)
        if "nodes" in parts and name not in found.selecting_nodes:
            found.selecting_nodes.append(name)
        if "edges" not in parts:
            return
        found.connections += 1
        found.depth = max(found.depth, place.depth + 1)
        found.within_list = found.within_list or place.in_list
        if place.parent and not place.parent_has_id and place.parent not in found.without_parent_id:
            found.without_parent_id.append(place.parent)
        edges, on = parts["edges"]
        edge_type = get_named_type(self.schema.type_map[on].fields["edges"].type)  # type: ignore[attr-defined]
        assert edges.selection_set is not None
        for inner, _ in fields(edges.selection_set, edge_type.name, self.fragments):
            if inner.name.value != "node" or inner.selection_set is None:
                continue
            node_type = get_named_type(edge_type.fields["node"].type).name
            has_id = any(
                x.name.value == "id" and x.alias is None
                for x, _ in fields(inner.selection_set, node_type, self.fragments)
            )
            self.selection(inner.selection_set, node_type, _Place(place.depth + 1, name, has_id))
