package io.sightline.engine.bundle;

import io.sightline.engine.nn.Network;

/** A bundle and its network, ready to classify. */
public record LoadedModel(Bundle bundle, Network network) {}
