"""Explanation of an article that a search does not find: the conditions it fails, and the smallest change."""
