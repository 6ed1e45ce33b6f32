"""Where the images of results are, for those who want to see them."""

from sightline_contracts.origins import Origin
from sightline_contracts.topics import IMAGES
from sightline_gateway.view.reader import Reader


class Origins(Reader):
    """Reads on a connection of its own: a page full of thumbnails must not hold up those who ask for results."""

    def find(self, image_id: str) -> Origin | None:
        """Where the image of a result is; None when there is no result, or it does not say."""
        row = self.row(
            "SELECT image_partition, image_offset FROM results WHERE id = ? AND image_offset IS NOT NULL "
            "ORDER BY seq DESC LIMIT 1",
            (image_id,),
        )
        return Origin(IMAGES, *row) if row else None


def columns(origin: Origin | None) -> tuple[int | None, int | None]:
    """What is stored of an origin; images of other topics are not ours to read."""
    return (origin.partition, origin.offset) if origin is not None and origin.topic == IMAGES else (None, None)
