"""Addresses that hold: former addresses of articles, moves and deletions, redirects."""
