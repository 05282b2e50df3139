"""How decisions are served: doors in front, runners behind."""
