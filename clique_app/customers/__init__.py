"""Who comes back, when, and what they are worth: cohorts, and the models of repeat purchase and of spend."""
