"""Estimate the parameters of each raw table, one module per table."""
