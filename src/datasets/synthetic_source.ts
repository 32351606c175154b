import { type DatasetSource, openInMemory } from "./source.ts";
import { syntheticTextures } from "./synthetic.ts";

const classNames = ["0 degrees", "45 degrees", "90 degrees", "135 degrees"];

/** The synthetic textures as a data set: four orientations, gray, drawn at the size asked for. */
export const syntheticSource: DatasetSource = {
  name: "synthetic",
  about: {
    what: "textures of four orientations, 1,000 + 200, gray or color, made from a seed",
    license: "MIT, as this package",
  },
  open({ split, size, channels = 1 }) {
    const images = split === "train" ? 1000 : 200;
    const all = syntheticTextures({ images, size, channels, stream: split });
    return openInMemory(all, classNames);
  },
};
