"""The state of a router: made, saved, kept in a folder, and its zoo changed on the way."""
