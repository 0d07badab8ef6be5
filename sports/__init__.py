"""What each sport is, as arithmetic: no database, no network."""
