"""Topics, headers and record formats that every part of Sightline agrees on: values and pure functions, no I/O."""
