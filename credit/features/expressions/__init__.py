"""Row expressions: arithmetic on columns, NaN in, NaN out."""
