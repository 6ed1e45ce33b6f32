"""Where images are, for those who want to see them."""

from sightline_contracts.origins import Origin
from sightline_contracts.topics import IMAGES
from sightline_gateway.view.reader import Reader


class Origins(Reader):
    """Reads on a connection of its own: a page full of thumbnails must not hold up those who ask for results."""

    def find(self, image_id: str) -> Origin | None:
        """Where the image is; None when no result says so, and it was not accepted here either."""
        row = self.row(
            # In one statement: between two, the result may come, which takes the image from those that are pending.
            "SELECT image_partition, image_offset FROM ("
            "SELECT seq, image_partition, image_offset FROM results WHERE id = ?1 "
            "UNION ALL SELECT 0, image_partition, image_offset FROM pending WHERE id = ?1"
            ") WHERE image_offset IS NOT NULL ORDER BY seq DESC LIMIT 1",
            (image_id,),
        )
        return Origin(IMAGES, *row) if row else None


def columns(origin: Origin | None) -> tuple[int | None, int | None]:
    """What is stored of an origin; images of other topics are not ours to read."""
    return (origin.partition, origin.offset) if origin is not None and origin.topic == IMAGES else (None, None)
