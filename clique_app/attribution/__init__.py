"""Who is credited with a sale: credits that sum, with "unattributed", to net sales on every day."""
