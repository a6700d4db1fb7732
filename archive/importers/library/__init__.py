"""Articles already in the library: import log, provenance, duplicates, assets, file names."""
