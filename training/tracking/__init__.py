"""Record trainings in MLflow and publish their reports."""
