"""Contract suite, run on every engine."""
