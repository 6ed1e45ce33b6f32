"""Who may send, how many at a time, and TLS: what stands before a connection (docs/security.md)."""
