"""Services of the web application: search, errors, headers, languages."""
