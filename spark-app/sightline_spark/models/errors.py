"""What can go wrong with a model bundle, in words for the person at the terminal."""


class ModelError(Exception):
    """A command about models cannot do what it was asked; the message says why and what to do."""


class BundleError(ModelError):
    """A bundle is not what its model.json says, or model.json is not a model card; the message names the place."""
