"""Fit, calibrate and cross-validate models."""
