"""What customers say and do for the store: the survey, and records that outside apps and files tell of."""
