"""Public contract of the platform: the formats of requests and responses."""
