"""Write the report, the model card, the technical file and the feature catalogue."""
