"""One short module an engine: how each indexes the same documents and answers the same questions."""
