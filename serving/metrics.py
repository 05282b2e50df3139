"""Prometheus metrics of the service. Their names and labels are a contract with dashboards."""

from __future__ import annotations

from prometheus_client import Histogram

REQUEST_BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
BATCH_BUCKETS_SECONDS = (
    0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
)  # fmt: skip
BATCH_SIZE_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)

REQUEST_SECONDS = Histogram(
    "credit_request_seconds",
    "Time from request to answer, by route and status",
    ["route", "status"],
    buckets=REQUEST_BUCKETS_SECONDS,
)
"""Replaces BentoML's metric, which keeps a series for every path that was ever requested."""

BATCH_SIZE = Histogram(
    "credit_batch_size", "Items in a batch", ["runner"], buckets=BATCH_SIZE_BUCKETS
)
QUEUE_SECONDS = Histogram(
    "credit_queue_seconds",
    "An item's wait for its batch",
    ["runner"],
    buckets=BATCH_BUCKETS_SECONDS,
)
COMPUTE_SECONDS = Histogram(
    "credit_compute_seconds", "Time of a batch", ["runner"], buckets=BATCH_BUCKETS_SECONDS
)
