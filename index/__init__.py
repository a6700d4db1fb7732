"""Search: query language, analysis, matching, engines. Knows only archive's public names."""
