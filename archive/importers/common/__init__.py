"""Steps that several formats share: masthead, bylines, document properties, rows, XML."""
