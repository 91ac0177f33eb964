"""The entries, by subject."""
