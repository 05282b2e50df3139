"""The gRPC contract. `python -m serving.proto` makes from the schema what is made from it."""
