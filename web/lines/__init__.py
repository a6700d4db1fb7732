"""Words in context of a search: the concordance of its page, its API and its downloads."""
