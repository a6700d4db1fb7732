"""Trends: arguments, search, table and chart of the page `/trends` and its downloads."""
