"""Interactive use: Kafka's topics as tables, and pictures of frames."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from sightline_spark.errors import ClassifierError
from sightline_spark.shell.notebook import add_topics

if TYPE_CHECKING:
    from sightline_spark.shell.matrix import confusion_matrix
    from sightline_spark.shell.sheet import contact_sheet

__all__ = ["add_topics", "confusion_matrix", "contact_sheet"]

# Imported when asked for: the container of the classifier has neither Pillow nor Matplotlib.
_PICTURES: Final = {"confusion_matrix": "matrix", "contact_sheet": "sheet"}


def __getattr__(name: str) -> Any:
    if name not in _PICTURES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_PICTURES[name]}"), name)
    except ModuleNotFoundError as error:
        raise ClassifierError(f"pictures need {error.name}: install sightline-spark[shell]") from error
