"""Field review: what reviewers note outside, the package that they take along, and how it comes home."""
