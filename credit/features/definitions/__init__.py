"""Declarations of all features, one module for each raw table or family of features."""
