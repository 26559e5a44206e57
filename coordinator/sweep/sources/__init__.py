"""The stores that a sweep can read, one a file, behind one interface: `source.Source`."""
