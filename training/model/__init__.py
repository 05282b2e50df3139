"""Fit, calibrate and cross-validate models; define the models to compare with."""
