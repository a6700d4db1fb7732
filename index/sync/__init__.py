"""Synchronization of an index with a library."""
