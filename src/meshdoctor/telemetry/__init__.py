"""What a service tells: metrics, causes, traces, logs and where they are read."""
