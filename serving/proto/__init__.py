"""The gRPC contract. `python -m serving.proto` generates its modules and the dossier messages."""
