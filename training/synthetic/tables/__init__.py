"""Build each raw table, one module per table."""
