"""Articles: Markdown files with front matter in a folder. Knows nothing of search, Flask or click."""
