"""The aggregation kernel: from the rows of histories to one number for each client and feature."""
