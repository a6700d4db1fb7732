"""The embedded engine: a Whoosh index whose segments are flat arrays."""

from backfile.index.engines.whoosh.engine import WhooshEngine

__all__ = ["WhooshEngine"]
