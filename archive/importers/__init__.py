"""Import: formats read sources into items (`item` is their contract), the importer writes these as articles."""
