"""Drivers: one module an engine, for the same documents and questions."""
