"""Declare features: name, label, unit, concept, risk direction and formula."""
