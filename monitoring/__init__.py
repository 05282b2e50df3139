"""Drift monitoring: compare applications, features and risk with the champion's training data."""
