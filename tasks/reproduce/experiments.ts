/** The experiments: data set x network x padding, each a row of the published table or beside it. */
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { publishedAgreement } from "./published.ts";

/** Data sets, in the order of the document. */
export const experimentDatasets = ["mnist", "fashion-mnist", "cifar10", "celeba"] as const;

/** A data set of the experiments. */
export type ExperimentDataset = typeof experimentDatasets[number];

/** A network to be predicted. */
export interface Experiment {
  /** Data set, network and padding, such as "mnist-resnet-zeros". */
  readonly name: string;
  readonly dataset: ExperimentDataset;
  readonly network: "resnet" | "unet";
  readonly padding: "zeros" | "circular";
}

/** Every experiment; those of the published table first. */
export const experiments: readonly Experiment[] = (["resnet", "unet"] as const)
  .flatMap((network) =>
    (["zeros", "circular"] as const).flatMap((padding) =>
      experimentDatasets.map((dataset) => ({
        name: `${dataset}-${network}-${padding}`,
        dataset,
        network,
        padding,
      }))
    )
  ).sort((a, b) => Number(b.name in publishedAgreement) - Number(a.name in publishedAgreement));

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
