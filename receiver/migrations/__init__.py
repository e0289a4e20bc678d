"""The steps from one schema to the next; receiver.database runs them at start."""
