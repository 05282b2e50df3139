"""Estimate the aggregates in `parameters.json` from real rows, without disclosing any client."""
