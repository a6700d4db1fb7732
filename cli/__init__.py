"""The `backfile` command."""
