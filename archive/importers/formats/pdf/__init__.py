"""PDF documents with text."""
