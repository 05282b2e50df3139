"""Group raw tables into dossiers, and read them back."""
