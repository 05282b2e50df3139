"""Models: BentoML's model store and MLflow's registry."""
