"""One GraphQL request: parsed, validated against the published schema, priced, run, answered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    execute_sync,
    get_named_type,
    parse,
    validate,
)
from graphql.execution import get_variable_values
from graphql.language import FragmentDefinitionNode

from clique_app.sandbox.shopify import graphql_errors
from clique_app.sandbox.shopify.context import Context
from clique_app.sandbox.shopify.cost import MAX_QUERY_COST, CostOf
from clique_app.sandbox.shopify.field_tables import connection_of, field_of, not_served, type_name_of
from clique_app.sandbox.shopify.listing import Edge, Page, page_of
from clique_app.sandbox.shopify.mutations import MUTATIONS, mutate

Answer = dict[str, Any]
RATE_LIMITS = "https://shopify.dev/api/usage/rate-limits"


@dataclass(frozen=True, slots=True)
class Prepared:
    document: DocumentNode
    operation: OperationDefinitionNode
    variables: dict[str, Any]
    cost: CostOf
    requested_cost: int


def answer(payload: dict[str, Any], ctx: Context, throttled: bool = False) -> Answer:
    """The body of the response; a platform's refusal is an answer too."""
    prepared = _prepare(payload, ctx)
    if not isinstance(prepared, Prepared):
        return {"errors": prepared}
    if prepared.requested_cost > MAX_QUERY_COST:
        return {"errors": [_too_dear(prepared.requested_cost)]}
    bucket = ctx.platform.bucket(ctx.store.shop.domain)
    seconds = ctx.now.timestamp()
    bucket.restore(seconds)
    cost = {"requestedQueryCost": prepared.requested_cost, "actualQueryCost": None}
    if throttled or not bucket.take(prepared.requested_cost, seconds):
        refusal = {
            "message": "Throttled",
            "extensions": {"code": "THROTTLED", "documentation": RATE_LIMITS},
        }
        return {"errors": [refusal], "extensions": {"cost": {**cost, "throttleStatus": bucket.status()}}}
    result = execute_sync(
        ctx.published.schema,
        prepared.document,
        context_value=ctx,
        variable_values=payload.get("variables"),
        operation_name=payload.get("operationName"),
        field_resolver=resolve,
        type_resolver=lambda value, info, kind: type_name_of(value),
    )
    actual = prepared.cost.operation(prepared.operation, result.data) if result.data is not None else 0
    bucket.refund(prepared.requested_cost - actual)
    cost["actualQueryCost"] = actual
    body: Answer = {"data": result.data}
    if result.errors:
        body["errors"] = [graphql_errors.execution_error(e) for e in result.errors]
    return {**body, "extensions": {"cost": {**cost, "throttleStatus": bucket.status()}}}


def _prepare(payload: dict[str, Any], ctx: Context) -> Prepared | list[Answer]:
    schema = ctx.published.schema
    document = _document(schema, payload.get("query") or "")
    if isinstance(document, list):
        return document
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    name = payload.get("operationName")
    chosen = [d for d in operations if name is None or (d.name and d.name.value == name)]
    if len(chosen) != 1:
        text = "An operation name is required" if name is None else f'No operation named "{name}"'
        return [{"message": text}]
    values = get_variable_values(schema, chosen[0].variable_definitions or (), payload.get("variables") or {})
    if isinstance(values, list):
        return [graphql_errors.variable_error(e) for e in values]
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    cost = CostOf(schema, fragments, values.coerced)
    return Prepared(document, chosen[0], values.coerced, cost, cost.operation(chosen[0]))


@lru_cache(maxsize=256)
def _document(schema: GraphQLSchema, query: str) -> DocumentNode | list[Answer]:
    """A valid document, or what is wrong with it: clients send the same few again and again."""
    try:
        document = parse(query)
    except GraphQLSyntaxError as error:
        return [graphql_errors.parse_error(error)]
    errors = validate(schema, document)
    return [graphql_errors.validation_error(e, document) for e in errors] or document


def _too_dear(cost: int) -> Answer:
    return {
        "message": (
            f"Query cost is {cost}, which exceeds the single query max cost limit ({MAX_QUERY_COST}).\n\n"
            "See https://shopify.dev/concepts/about-apis/rate-limits for more information on how the\n"
            "cost of a query is calculated."
        ),
        "extensions": {
            "code": "MAX_COST_EXCEEDED",
            "cost": cost,
            "maxCost": MAX_QUERY_COST,
            "documentation": RATE_LIMITS,
        },
    }


def resolve(source: Any, info: GraphQLResolveInfo, **args: Any) -> Any:
    """Every field of every type, from the field tables."""
    parent, name, ctx = info.parent_type.name, info.field_name, info.context
    denied = ctx.missing_access(parent, name, get_named_type(info.return_type).name)
    if denied is not None:
        raise graphql_errors.access_denied(name, denied.text)
    if parent == "Mutation" and name in MUTATIONS:
        return mutate(name, args, ctx, info)
    read = field_of(parent, name)
    if read is not None:
        return read(source, args, ctx)
    connection = connection_of(parent, name)
    if connection is not None:
        listing = connection(source, args, ctx)
        return None if listing is None else page_of(listing, args)
    if isinstance(source, Page):
        return _of_page(source, parent, name)
    if isinstance(source, Edge) and name in ("node", "cursor"):
        return getattr(source, name)
    raise not_served(parent, name)


def _of_page(page: Page, parent: str, name: str) -> Any:
    cursors = [edge.cursor for edge in page.edges] or [None]
    read: dict[str, Any] = {
        "edges": page.edges,
        "nodes": [edge.node for edge in page.edges],
        "pageInfo": page,
        "hasNextPage": page.has_next,
        "hasPreviousPage": page.has_previous,
        "startCursor": cursors[0],
        "endCursor": cursors[-1],
    }
    if name not in read:
        raise not_served(parent, name)
    return read[name]


def shortened(body: Answer) -> Answer:
    """A page that lacks its last rows without a word of it."""
    data = {
        root: {k: v[: len(v) // 2] if k in ("nodes", "edges") else v for k, v in found.items()}
        if isinstance(found, dict)
        else found
        for root, found in (body.get("data") or {}).items()
    }
    return {**body, "data": data}


def emptied(body: Answer) -> Answer:
    """A page whose rows got lost, but which says that more follow."""

    def without_rows(value: Any) -> Any:
        if isinstance(value, list):
            return [without_rows(x) for x in value]
        if not isinstance(value, dict):
            return value
        if "pageInfo" not in value:
            return {key: without_rows(x) for key, x in value.items()}
        lost = {key: [] for key in ("nodes", "edges") if key in value}
        info = {**value["pageInfo"], **({"hasNextPage": True} if "hasNextPage" in value["pageInfo"] else {})}
        return {**value, **lost, "pageInfo": info}

    return {**body, "data": without_rows(body.get("data"))}
