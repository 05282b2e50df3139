"""The aggregation kernel: from the rows of history tables to one number per client and feature.

A history feature is a *statistic* of a *value* in a *window*. For example,
`days_past_due_max_last_year` is the maximum of `days_past_due` over the payments of the last year.
The kernel computes all of them for a batch of clients in one pass:

1. **Values.** Compute each declared value for each row, and round it to a grid (see below).
2. **Sort.** Sort the rows by owner (the client, or the credit for its months), then by time, then
   by the remaining sort columns and the values. Each owner's rows are now adjacent, with the
   newest last. "Latest value" and "newest 5 rows" depend on this order. The order of the rows in
   the request has no effect.
3. **Windows.** A window is a selection of rows: all of them, those of the last 365 days, the newest
   5, or those that satisfy a predicate. It is a Boolean mask on the sorted rows.
4. **Series and segments.** A series is one value in the rows of one window, for all owners. The
   part that belongs to one owner is a segment. All series are concatenated in one flat array,
   and the segments are known by their start offsets. Series that need the same statistics are
   placed next to each other; such a range of series is a run.
5. **Statistics.** For each run, compute each statistic of all its segments with a few calls of
   `np.add.reduceat`, `np.fmax.reduceat` and the like. The results go straight to their features.
   The number of these calls depends on the kinds of statistics, not on the number of clients or
   features, so that a single dossier is fast as well as a batch.

**Exact sums.** Values are rounded to multiples of 2^-10 for money and of 2^-20 for everything else.
Sums of such numbers have no rounding error in float64 while they stay below 2^53 grid steps, which
is about 8.8e12 in money and 8.6e9 otherwise. The result therefore does not depend on the order of
additions, the batch size or the engine.

**Unknown and empty.** An unknown value is NaN, and statistics skip it. An unknown history (absent or
null) makes all its features NaN. A window without rows gives 0 for counts and sums, and NaN for
other statistics. A window with rows but without a known value gives a count of 0 and NaN for all
other statistics, sums included: it is unknown how much there was.

An example with three rows. Client 0 has a row of 400 days ago with the value 10, and a newer one
with an unknown value. Client 1 has one row, with the value 5. The windows are "ever" and "last
year".

>>> import numpy as np
>>> from credit.features.kernel.windows import SortedRows, WindowedRows
>>> rows = SortedRows(
...     values=np.array([[10.0, np.nan, 5.0]]),
...     in_window=np.array([[True, True, True], [False, True, True]]),
...     owner=np.array([0, 0, 1]),
...     times=np.array([-400.0, -30.0, -20.0]),
... )

Two series: value 0 in window 0, and value 0 in window 1. Each has a segment for each client.

>>> series = WindowedRows([rows]).gather_series(
...     value_indices=np.array([0, 0]),
...     window_indices=np.array([0, 1]),
...     steps_per_year=np.array([365.0, 365.0]),
... )
>>> series.values.tolist()
[10.0, nan, 5.0, nan, 5.0]
>>> series.series_ids.tolist(), series.owner.tolist(), series.segment_starts.tolist()
([0, 0, 1, 1], [0, 1, 0, 1], [0, 2, 3, 4])

Both series are one run, so that one call computes a statistic of all four segments. The last year
of client 0 has a row but no known value: its count is 0 and its sum is unknown.

>>> _, segments = series.slice_segments(0, 2)
>>> segments.count.tolist()
[1.0, 1.0, 0.0, 1.0]
>>> segments.sum.tolist()
[10.0, 5.0, nan, 5.0]
>>> segments.last.tolist()
[10.0, 5.0, nan, 5.0]
"""
