/**
 * What Kamb & Ganguli published (arXiv 2412.20292 v2): agreement of tables 1 and 2, and the calibrated
 * scales. The public evaluation script computes Pearson's r and labels it r²; which of the two the
 * tables hold is not known.
 */

/** Median agreement: theory at 20 steps, network at 150 (table 1) and at 20 (table 2). */
export interface PublishedAgreement {
  /** [network at 150 steps, network at 20 steps]; "ELS" is bbELS for zero padding. */
  readonly ELS: readonly [number, number];
  readonly LS: readonly [number, number];
  readonly IS: readonly [number, number];
}

/** By name of experiment: data set, network, padding. The attention UNet was a pre-trained one. */
export const publishedAgreement: Readonly<Record<string, PublishedAgreement>> = {
  "mnist-unet-zeros": { ELS: [0.89, 0.84], LS: [0.88, 0.83], IS: [0.70, 0.69] },
  "cifar10-unet-zeros": { ELS: [0.90, 0.82], LS: [0.87, 0.80], IS: [0.41, 0.39] },
  "fashion-mnist-unet-zeros": { ELS: [0.93, 0.91], LS: [0.93, 0.91], IS: [0.80, 0.80] },
  "celeba-unet-zeros": { ELS: [0.85, 0.75], LS: [0.90, 0.81], IS: [0.55, 0.51] },
  "mnist-resnet-zeros": { ELS: [0.94, 0.94], LS: [0.82, 0.84], IS: [0.61, 0.62] },
  "mnist-resnet-circular": { ELS: [0.77, 0.73], LS: [0.36, 0.33], IS: [0.15, 0.14] },
  "cifar10-resnet-zeros": { ELS: [0.95, 0.90], LS: [0.90, 0.86], IS: [0.42, 0.43] },
  "cifar10-resnet-circular": { ELS: [0.94, 0.90], LS: [0.83, 0.80], IS: [0.35, 0.36] },
  "fashion-mnist-resnet-zeros": { ELS: [0.94, 0.90], LS: [0.88, 0.88], IS: [0.68, 0.74] },
  "celeba-resnet-zeros": { ELS: [0.96, 0.92], LS: [0.90, 0.88], IS: [0.47, 0.48] },
  "cifar10-attention-unet": { ELS: [0.77, 0.75], LS: [0.77, 0.74], IS: [0.48, 0.47] },
};

/** Scales by name of experiment; index 0 is t = 1/20. The attention UNet was given those of the ResNet. */
export const publishedScales: Readonly<Record<string, readonly number[]>> = {
  "cifar10-resnet-zeros": [3, 3, 3, 3, 5, 5, 5, 7, 7, 7, 7, 9, 9, 11, 11, 13, 15, 17, 17, 17],
  "cifar10-resnet-circular": [3, 3, 3, 3, 5, 5, 5, 5, 7, 7, 7, 9, 9, 11, 11, 13, 13, 15, 15, 15],
  "cifar10-unet-zeros": [3, 3, 3, 3, 5, 5, 5, 5, 7, 7, 7, 7, 9, 9, 11, 13, 13, 15, 17, 25],
  "celeba-resnet-zeros": [3, 3, 3, 5, 5, 5, 5, 5, 7, 7, 9, 9, 9, 11, 11, 11, 13, 15, 19, 19],
  "celeba-unet-zeros": [3, 3, 3, 3, 3, 3, 3, 5, 5, 5, 5, 5, 7, 7, 9, 9, 9, 13, 19, 27],
  "fashion-mnist-resnet-zeros": [
    ...[3, 3, 5, 5, 7, 7, 9, 9, 9, 11, 11, 11, 13, 13, 13, 15, 15, 15, 17, 17],
  ],
  "fashion-mnist-unet-zeros": [
    ...[3, 3, 5, 5, 7, 7, 7, 9, 11, 11, 11, 13, 15, 15, 21, 23, 25, 25, 25, 25],
  ],
  "mnist-resnet-zeros": [3, 3, 5, 5, 5, 7, 7, 7, 9, 9, 11, 11, 11, 11, 13, 15, 15, 15, 15, 15],
  "mnist-resnet-circular": [3, 3, 5, 5, 5, 7, 7, 9, 9, 9, 11, 11, 11, 11, 9, 9, 7, 7, 3, 3],
  "mnist-unet-zeros": [3, 3, 3, 5, 5, 7, 7, 7, 9, 9, 9, 11, 13, 15, 17, 21, 23, 23, 25, 27],
};
