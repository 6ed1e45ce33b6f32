"""The HTTP routes, thin: they read the request, call one object and render its answer."""
