"""Training: from raw tables, real or synthetic, to a model that may serve."""
