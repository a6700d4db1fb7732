"""Exports of read-later services and bookmarks."""
