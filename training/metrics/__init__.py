"""Metrics of credit scoring, with bootstrap intervals."""
