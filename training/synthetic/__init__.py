"""Synthetic clients, sampled so that a model trained on them ranks real clients well.

    parameters.json -> clients' traits -> application form, label, histories -> tables

`sampling` draws columns and rows from a Gaussian copula. `tables` builds each raw table.
`labels` models the risk of payment difficulties. `generator` combines them and `writer` writes
the files. `calibration` estimates the parameters from real rows.
"""
