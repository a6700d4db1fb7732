"""Library on disk: finding, reading and writing article files, durable writes, settings, profiles."""
