"""Read and check the raw tables of a lender."""
