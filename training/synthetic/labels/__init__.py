"""Labels of synthetic clients, from their application and history."""
