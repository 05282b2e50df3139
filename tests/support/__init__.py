"""What tests share: example and random dossiers, table folders, strategies, a small model."""
