"""The features, one module for each raw table or family."""
