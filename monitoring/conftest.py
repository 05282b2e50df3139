"""Skip doctests in modules that import Evidently: the import takes seconds and warns."""

collect_ignore = ["evidently_overview.py", "evidently_report.py", "pipeline.py"]
