"""OpenSearch for tests: nodes on loopback, and the fixtures that share one of them."""
