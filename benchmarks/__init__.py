"""Measure speed claims, each by one command that reports ratios within one run."""
