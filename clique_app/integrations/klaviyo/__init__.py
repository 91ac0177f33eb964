"""Klaviyo's API."""
