"""A simulated zoo with published means: what routing does, in half a minute, on any machine."""
