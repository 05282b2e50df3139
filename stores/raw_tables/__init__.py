"""Raw tables: find, open and check Kaggle's files or a lender's own."""
