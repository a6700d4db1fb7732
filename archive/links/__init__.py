"""Links between articles and to pictures: the addresses of articles, and the resolver for serving and importing."""
