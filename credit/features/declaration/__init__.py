"""How features are declared: names, units, labels, directions, and how each is computed."""
