"""Experiments on the training data: model comparison, hyperparameter search, ablation."""
