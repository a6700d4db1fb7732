"""Markdown: rendering to safe HTML, shortcodes, plain text, headings."""
