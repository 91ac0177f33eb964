"""The European Central Bank: what a euro was worth in other currencies on each of its business days."""
