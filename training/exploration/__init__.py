"""Exploration: a page that describes the raw tables before any feature is built.

tables ──► bins of every column ──► shares, difficulty rates, drift, correlations ──► one page

The page identifies no client: bins with fewer than 20 clients are merged.
"""
