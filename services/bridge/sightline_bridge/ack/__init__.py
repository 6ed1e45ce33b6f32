"""Acknowledged frames: senders learn which of theirs Kafka has (docs/wire-formats.md); only `sender` has a socket."""
