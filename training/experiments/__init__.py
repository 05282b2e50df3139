"""Studies on the training data: comparison, tuning, ablation."""
