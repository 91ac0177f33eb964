"""Shopify Admin API."""
