"""The platforms as local HTTP servers over one world. Imports nothing of the app; nobody imports it."""
