"""Platform records into tables, safe to repeat."""
