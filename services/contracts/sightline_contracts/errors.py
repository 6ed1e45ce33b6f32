"""The one failure of this package."""


class ContractError(ValueError):
    """A record does not follow its contract; the message says which field and how."""
