"""How the platform feels: one function per check, one report over all of them."""
