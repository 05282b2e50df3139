"""Load: a day of the platform's callers in minutes, with a budget that it must keep."""
