"""Where models are kept: BentoML's model store and MLflow's registry."""
