"""What happens in the online store: events of the web pixel, and the sessions built from them."""
