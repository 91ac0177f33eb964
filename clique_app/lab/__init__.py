"""Clique's methods on an analyst's own file: no store, no database."""
