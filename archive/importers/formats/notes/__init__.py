"""Exports of notebooks."""
