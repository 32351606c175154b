/** What the networks of the golden cases are built from, by the name of their files. */
import type { ResnetArchitecture } from "../../src/networks/architectures/resnet.ts";
import type { UnetArchitecture } from "../../src/networks/architectures/unet.ts";

/** The ResNets. */
export const goldenResnets: Record<string, ResnetArchitecture> = {
  resnet_zeros: {
    kind: "resnet",
    imageShape: [32, 32, 1],
    width: 16,
    layers: 3,
    kernelSize: 3,
    padding: "zeros",
    classes: 0,
  },
  resnet_circular_conditional: {
    kind: "resnet",
    imageShape: [32, 32, 3],
    width: 16,
    layers: 4,
    kernelSize: 3,
    padding: "circular",
    classes: 10,
  },
};

/** The UNets. */
export const goldenUnets: Record<string, UnetArchitecture> = {
  unet_zeros: {
    kind: "unet",
    imageShape: [32, 32, 1],
    channels: [8, 16, 32],
    embedding: 32,
    norm: "none",
    padding: "zeros",
    classes: 0,
  },
  unet_circular_conditional_groupnorm: {
    kind: "unet",
    imageShape: [32, 32, 3],
    channels: [8, 16, 32],
    embedding: 32,
    norm: "group",
    padding: "circular",
    classes: 10,
  },
};
