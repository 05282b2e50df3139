"""Where state is kept: tables, dossiers, clients, models, decisions. All I/O is here."""
