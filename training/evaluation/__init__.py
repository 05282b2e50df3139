"""Evaluate a trained model, and compare it with the champion."""
