"""The database: connections, tables, queries by subject, migrations, the embedded server."""
