"""Bringing articles in: one module a kind of source, each turning it into items; `importer` writes them down."""
