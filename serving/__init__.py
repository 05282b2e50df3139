"""Serving: HTTP and gRPC in front of one scoring core that decides in batches."""
