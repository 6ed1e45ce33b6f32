"""Acknowledged frames: senders learn which of theirs Kafka has (docs/wire-formats.md); only `link` has a socket."""
