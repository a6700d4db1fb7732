"""Index files: array files, term dictionary, postings, stored fields, segments, manifest."""
