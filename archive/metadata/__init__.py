"""Metadata: field names, author names, topics, dates and sources as archives write them."""
