"""Links between imported articles: URLs, resolving, pending and published links."""
