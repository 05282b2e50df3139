"""The client store: raw dossiers by client id."""
