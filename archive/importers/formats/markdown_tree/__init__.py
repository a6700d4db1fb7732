"""Markdown trees of site generators and vaults."""
