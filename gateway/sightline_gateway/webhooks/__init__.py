"""Webhooks: results sent to an address that the upload named."""
