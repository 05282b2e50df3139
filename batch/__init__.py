"""Batch scoring: score a folder of tables with the champion."""
