"""Load tests: replay a day's callers in minutes and check latency and errors against a budget."""
