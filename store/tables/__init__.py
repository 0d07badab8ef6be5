"""Our tables and views as typed columns, by subject. sql/ defines the schema; a test compares the two."""
