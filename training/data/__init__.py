"""Load labelled dossiers and prepare training sets."""
