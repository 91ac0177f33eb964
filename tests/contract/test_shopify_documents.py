"""Every document sent to Shopify fits the published schema of the pinned version."""

from __future__ import annotations

import gzip
import json
import os
from functools import lru_cache
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_client_schema, parse, validate
from graphql.validation import NoDeprecatedCustomRule

from clique_app.integrations.shopify import documents, pixel, subscriptions
from clique_app.settings import SHOPIFY_API_VERSION

DOCUMENTS = (*documents.DOCUMENTS, *pixel.DOCUMENTS, *subscriptions.DOCUMENTS)
ROOT = Path(__file__).parents[2]


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    vendor = Path(os.environ.get("CLIQUE_VENDOR", ROOT / ".clique" / "vendor"))
    with gzip.open(vendor / "shopify" / f"admin_{SHOPIFY_API_VERSION}.json.gz") as file:
        return build_client_schema(json.load(file)["data"], assume_valid=True)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda text: " ".join(text.split())[:60])
def test_a_document_validates_against_the_published_schema(document: str) -> None:
    assert validate(schema(), parse(document)) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda text: " ".join(text.split())[:60])
def test_a_document_uses_nothing_deprecated(document: str) -> None:
    assert validate(schema(), parse(document), [NoDeprecatedCustomRule]) == []


def test_the_check_itself_notices_a_deprecated_field() -> None:
    document = parse("{ orders(first: 1) { nodes { id totalPrice } } }")
    assert validate(schema(), document, [NoDeprecatedCustomRule])


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if d.startswith("{")], ids=lambda text: text[:20])
def test_a_bulk_query_keeps_to_shopifys_rules_for_bulk(document: str) -> None:
    assert "nodes {" not in document
    assert document.count("edges {") <= 5
    assert len(document.encode()) < 65_535
