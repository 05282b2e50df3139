"""Expressions on the columns of a table. NaN means unknown: NaN in, NaN out."""
