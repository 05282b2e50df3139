"""State and I/O: settings, raw tables, dossiers, clients, decisions and models."""
