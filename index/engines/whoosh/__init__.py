"""The embedded engine: a Whoosh index whose segments are flat arrays."""

from backfile.index.engines.whoosh.whoosh_engine import WhooshEngine

__all__ = ["WhooshEngine"]
