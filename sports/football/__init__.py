"""Football: clubs, leagues, ratings and what is known of a match before it starts."""
