"""Exports of services for blogs and newsletters."""
