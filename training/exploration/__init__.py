"""Exploration: what the raw tables hold, before any feature is made of them.

tables ──► bins of every column ──► shares, difficulty rates, drift, correlations ──► one page

Nobody can be told from the page: whatever fewer than twenty clients share is pooled.
"""
