"""The settings of thumbnails: what they may take."""

from typing import Final

from pydantic import Field, PositiveInt

from sightline_common.settings import ServiceSettings

_MIB: Final = 1024 * 1024


class PictureSettings(ServiceSettings):
    """Both are beyond what uploads may take."""

    # A thumbnail has 5 to 25 kB: less, and a wall of results is decoded again at each visit; more helps only old ones.
    gateway_thumbnail_cache_bytes: PositiveInt = Field(32 * _MIB, description="bytes of thumbnails kept in memory")
    # Python, the decoders and the file take about 50 MiB of it, the rest is bytes a pixel: PNG 4, 8 with transparency;
    # WebP 16; JPEG far less, but 6 if progressive and 4:4:4. With less, large photos have no thumbnail; with more, the
    # memory limit of the gateway has to grow with it.
    gateway_thumbnail_worker_bytes: PositiveInt = Field(
        256 * _MIB, ge=96 * _MIB, description="memory of the process that scales images down for thumbnails"
    )
