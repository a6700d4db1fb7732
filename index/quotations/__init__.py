"""Quotations: verified and found in the articles, and read from drafts."""
