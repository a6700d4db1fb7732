"""Conversion of HTML and plain text to Markdown."""
