"""The feature table of docs/features.md; `__main__` writes it."""
