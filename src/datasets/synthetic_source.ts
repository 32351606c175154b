import type { DatasetSource } from "./source.ts";
import { syntheticTextures } from "./synthetic.ts";

/** The synthetic textures as a data set: four orientations, gray, drawn at the size asked for. */
export const syntheticSource: DatasetSource = {
  name: "synthetic",
  classNames: ["0 degrees", "45 degrees", "90 degrees", "135 degrees"],
  load({ split, size }) {
    const images = split === "train" ? 1000 : 200;
    return Promise.resolve(syntheticTextures({ images, size, stream: split }));
  },
};
