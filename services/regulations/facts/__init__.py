"""What clauses are measured by, read from the records: each kind of fact once, for whoever is asked about."""
