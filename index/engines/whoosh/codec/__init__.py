"""Segments as a Whoosh codec; the only package that imports whoosh."""
