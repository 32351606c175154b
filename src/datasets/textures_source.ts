import type { DatasetSource } from "./source.ts";
import { textures } from "./texture_stream.ts";

const classNames = ["0 degrees", "45 degrees", "90 degrees", "135 degrees"];
/** The test part has a seed of its own. */
const counts = { train: 1_000_000, test: 1000 } as const;

/** A million textures as a data set, each made when it is read: for work on more images than memory holds. */
export const texturesSource: DatasetSource = {
  name: "textures",
  about: {
    what:
      "textures of four orientations, 1,000,000 + 1,000, gray or color, made when they are read",
    license: "MIT, as this package",
  },
  open({ split, size, channels = 1 }) {
    const images = counts[split];
    const draw = textures({ images, size, channels, seed: split === "train" ? 0 : 1 });
    const values = size * size * channels;
    return {
      labels: Uint8Array.from({ length: images }, (_, i) => i % classNames.length),
      classNames,
      read(indices) {
        const pixels = new Uint8Array(indices.length * values);
        indices.forEach((index, i) => pixels.set(draw(index, index + 1).pixels, i * values));
        return Promise.resolve({ pixels, shape: [indices.length, size, size, channels] as const });
      },
    };
  },
};
