"""Reports, the model card and the feature catalogue."""
