"""A store's access to platforms: install, tokens, reconnect, privacy."""
