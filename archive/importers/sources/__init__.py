"""Import sources named by the user: format detection, containers, fetching."""
