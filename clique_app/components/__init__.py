"""What pages are made of: the verified session, live pushes, and pure functions that return markup."""
