"""No examples are looked for where Evidently is imported: that takes seconds, and warns."""

collect_ignore = ["overview.py", "report.py"]
