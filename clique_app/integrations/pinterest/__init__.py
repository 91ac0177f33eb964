"""Pinterest API v5."""
