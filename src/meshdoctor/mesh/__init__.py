"""What a service links instead of a sidecar: channel, server, resolver, breaker and drain."""
