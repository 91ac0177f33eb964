"""What is kept, for how long, and what is forgotten: retention, archive, privacy, backup."""
