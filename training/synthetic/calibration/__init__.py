"""Calibration: real rows -> the aggregates in `parameters.json`, nothing that shows a client."""
