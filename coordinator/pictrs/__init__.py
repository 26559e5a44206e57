"""What the coordinator knows of pict-rs: how it names contents, and its internal API."""
