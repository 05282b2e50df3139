"""Scoring a whole folder of tables with the model that serves."""
