"""Benchmarks of the running demo: `python -m tests.bench [--quick] [name ...]`."""
