"""Commands: serve, demo, and the checks before either starts."""
