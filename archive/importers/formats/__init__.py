"""Formats: one module or package each, with `recognises`, `count` and `read`."""
