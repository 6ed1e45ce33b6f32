package io.sightline.engine.stream;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;

/**
 * A second model that is compared with the one whose results are shown.
 *
 * @param model name@version
 * @param share of the images, from 0 to 1
 */
record ShadowOptions(
    @JsonProperty(value = "model", required = true) String model,
    @JsonProperty(value = "share", required = true) double share)
    implements Serializable {}
