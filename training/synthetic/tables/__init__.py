"""Synthetic raw tables, one module for each."""
