"""Every number, defined once: totals over source rows, formulas over totals."""
