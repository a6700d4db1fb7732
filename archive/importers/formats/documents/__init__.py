"""Documents that Pandoc reads."""
