"""What can go wrong, as one family: `except SightlineError` catches all of it."""


class SightlineError(Exception):
    """Base of every error that this package raises on purpose."""


class UnreadableImage(SightlineError):
    """The file cannot be read, or no gateway would take that many bytes. Nothing was sent."""


class Refused(SightlineError):
    """The gateway answered with an error; it goes on being one after the retries, or repeating cannot help.

    `code` is the problem's stable code ("too-large"), or "http-NNN" when the answer came from something in between.
    `retry_after_s` is when the gateway wants to be asked again, if it said so.
    """

    def __init__(self, status: int, code: str, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s


class Unreachable(SightlineError):
    """No answer, although it was tried again and again. An upload may have arrived: repeat it with the same key."""


class NoResultYet(SightlineError):
    """The image was accepted but has no result within the time given; ask for `image_id` later."""

    def __init__(self, image_id: str, timeout_s: float) -> None:
        super().__init__(f"image {image_id} has no result after {timeout_s:g} s")
        self.image_id = image_id


class UnexpectedAnswer(SightlineError):
    """What answered is not a Sightline gateway, or one of another version."""
