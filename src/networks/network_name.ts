import type { ArchitectureBase } from "./network.ts";

/**
 * A short name for a network, by its data set and architecture: "mnist-resnet-48x6" has 48 channels and
 * 6 layers, "cifar10-unet-32-64-128-circular" three levels and circular padding.
 *
 * @param dataset What it was trained on, if that is known.
 */
export function networkName(architecture: ArchitectureBase, dataset?: string): string {
  const { kind, padding } = architecture;
  const { width, layers, channels }: Readonly<Record<string, unknown>> = { ...architecture };
  return [
    ...dataset === undefined ? [] : [dataset],
    kind,
    ...width !== undefined && layers !== undefined ? [`${width}x${layers}`] : [],
    ...Array.isArray(channels) ? channels.map(String) : [],
    ...padding === "circular" ? [padding] : [],
  ].join("-");
}
