"""The other half: look through a store that is already there. A process of its own that asks a running coordinator."""
