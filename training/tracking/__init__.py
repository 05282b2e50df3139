"""Record trainings in MLflow, and keep reports."""
