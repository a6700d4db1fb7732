"""Front matter: parsing, YAML reading, lossless rewriting."""
