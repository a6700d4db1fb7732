"""Searching: the query tree as queries of OpenSearch, and its answers as pages."""
