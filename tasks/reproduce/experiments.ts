/** The experiments: data set x network x padding, each a row of the published table or beside it. */
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { publishedAgreement } from "./published.ts";

/** Data sets, in the order of the document. */
export const experimentDatasets = ["mnist", "fashion-mnist", "cifar10", "celeba"] as const;

/** How their authors write them. */
export const datasetTitles: Readonly<Record<ExperimentDataset, string>> = {
  "mnist": "MNIST",
  "fashion-mnist": "FashionMNIST",
  "cifar10": "CIFAR-10",
  "celeba": "CelebA",
};

/** A data set of the experiments. */
export type ExperimentDataset = typeof experimentDatasets[number];

/** A network to be predicted. */
export interface Experiment {
  /** Data set, network and padding, such as "mnist-resnet-zeros". */
  readonly name: string;
  readonly dataset: ExperimentDataset;
  readonly network: "resnet" | "unet" | "attention-unet";
  readonly padding: "zeros" | "circular";
  /** False: the network that is built for attention goes without. */
  readonly attention?: false;
}

const convolutional = (["resnet", "unet"] as const).flatMap((network) =>
  (["zeros", "circular"] as const).flatMap((padding) =>
    experimentDatasets.map((dataset): Experiment => ({
      name: `${dataset}-${network}-${padding}`,
      dataset,
      network,
      padding,
    }))
  )
);

const attention = { dataset: "cifar10", network: "attention-unet", padding: "zeros" } as const;

/** Every experiment; those of the published table first. */
export const experiments: readonly Experiment[] = [
  ...convolutional,
  { name: "cifar10-attention-unet", ...attention },
  { name: "cifar10-attention-unet-off", ...attention, attention: false } as const,
].sort((a, b) => Number(b.name in publishedAgreement) - Number(a.name in publishedAgreement));

/** A network in words, but for its data set: "ResNet, circular". */
export function networkTitle({ network, padding, attention }: Experiment): string {
  if (network === "attention-unet") {
    return attention === false ? "the same, attention off" : "attention UNet";
  }
  return `${network === "resnet" ? "ResNet" : "UNet"}, ${padding}`;
}

/** As in the paper, networks on these are told the class, and machines search that class only. */
export function isConditional({ dataset }: Experiment): boolean {
  return dataset === "cifar10" || dataset === "fashion-mnist";
}

/** Times that network and machines take. */
export interface TimeProtocol extends Pick<SamplingProtocol, "grid" | "steps"> {
  /** Short name for files and flags, such as "cubic-8". */
  readonly name: string;
  readonly networkSteps: number;
}

/** The protocol of a grid and numbers of steps, under the name that says them. */
export function timeProtocol(
  grid: SamplingProtocol["grid"],
  steps: number,
  networkSteps: number = steps,
): TimeProtocol {
  const network = networkSteps === steps ? "" : `-network-${networkSteps}`;
  return { name: `${grid}-${steps}${network}`, grid, steps, networkSteps };
}
