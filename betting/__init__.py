"""Odds, value, stakes, settlement: arithmetic on prices and money, for any sport."""
