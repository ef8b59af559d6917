"""A fleet of real processes that share their log in a real place."""
