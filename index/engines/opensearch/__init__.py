"""Engine on an OpenSearch cluster."""
