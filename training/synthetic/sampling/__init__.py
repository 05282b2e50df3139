"""Sample columns and rows from fitted marginals and latent traits."""
