"""The database's roles by name; a connection takes on one of them."""

APP_ROLE = "clique_app"  # one store's rows, under row-level security
SYSTEM_ROLE = "clique_system"  # what belongs to no store, or to all
WAREHOUSE_ROLE = "clique_warehouse"  # keeps the materialized views, reads all stores
READER_ROLE = "clique_reader"  # computes on the rows of the store of the analyst who asks
ANALYST_ROLE = "clique_analyst"  # the schema `clique` and nothing else
