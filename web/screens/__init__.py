"""Screens: one module a page or API endpoint."""
