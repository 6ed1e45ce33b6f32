"""Why the topics are not as the contracts want them."""


class TopicsError(Exception):
    """The message says which topic, what is wrong with it and what to do."""
