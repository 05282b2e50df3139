"""Build the bento, its container image and its bill of materials (SBOM)."""
