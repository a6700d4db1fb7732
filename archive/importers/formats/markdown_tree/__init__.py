"""Markdown files, the sources of static sites, and vaults."""
