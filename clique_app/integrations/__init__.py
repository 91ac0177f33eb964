"""One folder per platform: client, mapping, README. Platform errors become the four of errors.py here."""
