/** Parameters of machines, as a command line gives them, and the memory that machines need. */
import {
  type MachineParameters,
  parametersOf,
  parseMachineParameters,
} from "../../src/machines/machine_parameters.ts";
import {
  isPatchMachine,
  machineDefinition,
  type MachineName,
  machineParameterNames,
} from "../../src/machines/machine_table.ts";
import { measureAlongTrajectories } from "../../src/networks/analysis/field_along_trajectories.ts";
import { bytesText } from "../../src/networks/tensor_memory.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { CommandError } from "../cli/command.ts";
import type { Session } from "./session.ts";

/** How parameters are said. */
export const parametersFlag = {
  type: "string",
  placeholder: "NAME=VALUE,..",
  help: "Parameters of machines beside their scale, such as flips=true or, of Wiener, rank=50",
} as const;

/**
 * Reads the parameters of some machines.
 *
 * @returns undefined without the flag, so that runs are what they were before there was one.
 * @throws CommandError if none of the machines takes one of them.
 */
export function requestedParameters(
  text: string | undefined,
  names: readonly MachineName[],
): MachineParameters | undefined {
  if (text === undefined) return undefined;
  const parameters = parseMachineParameters(text);
  const taken = Object.assign(
    {},
    ...names.map((name) => parametersOf(machineParameterNames(name), parameters)),
  );
  const idle = Object.keys(parameters).find((name) => !(name in taken));
  if (idle === undefined) return parameters;
  const all = new Set(["flips", ...names.flatMap((name) => machineParameterNames(name))]);
  throw new CommandError(
    `--parameters has ${idle}, which ${
      names.join(", ") || "the network"
    } does not take; choose of ${[...all].join(", ")}`,
  );
}

/** Less than this is not worth a word. */
const worthTelling = 2 ** 26;

/** Says what memory machines take beside the images, before they do. */
export function tellMachineMemory(
  names: readonly MachineName[],
  { data, progress, run }: Pick<Session, "data" | "progress" | "run">,
): void {
  if (run.finished) return;
  const [count, height, width, channels] = data.images.shape;
  for (const name of names) {
    const definition = machineDefinition(name);
    if (isPatchMachine(definition)) continue;
    const bytes = definition.bytes?.({ count, imageShape: [height, width, channels] }) ?? 0;
    if (bytes < worthTelling) continue;
    progress.note(`${name} takes about ${bytesText(bytes)} for matrices of ${count} images`);
  }
}

/** Trajectories of the network, and output pixels of each step, that gradient maps are measured at. */
const gradientSamples = 4, gradientPixels = 16;

/** Published for aligned faces; for other sets the machine knows by itself. */
const tauOfFaces = 0.02;

/**
 * The parameters that were asked for, with what machines need of the network and the images: of PSPC_flex
 * how far the network looks at each step, measured now, and tau of PCA_locality as published for faces.
 */
export async function completeParameters(
  parameters: MachineParameters | undefined,
  { names, protocol, session }: {
    readonly names: readonly MachineName[];
    readonly protocol: SamplingProtocol;
    readonly session: Pick<Session, "network" | "data" | "run" | "progress" | "abort">;
  },
): Promise<MachineParameters | undefined> {
  const { network, data, run, progress, abort } = session;
  const takes = (parameter: keyof MachineParameters) =>
    names.some((name) => machineParameterNames(name).includes(parameter));
  if (run.finished) return parameters;
  const isOfFaces = data.name === "celeba" && takes("tau") && parameters?.tau === undefined;
  const known = isOfFaces ? { ...parameters, tau: tauOfFaces } : parameters;
  if (!takes("gradientMaps")) return known;
  const bar = progress.start({ label: "gradients", total: 1 });
  const field = await measureAlongTrajectories(network, {
    protocol: { ...protocol, samples: gradientSamples, ...repeatedLabels(protocol) },
    pixels: gradientPixels,
    abort,
    onProgress: (done, total) => bar.update(done / total),
  });
  bar.finish();
  return { ...known, gradientMaps: field.times };
}

function repeatedLabels({ labels }: SamplingProtocol): Pick<SamplingProtocol, "labels"> {
  return {
    labels: labels &&
      Array.from({ length: gradientSamples }, (_, i) => labels[i % labels.length]!),
  };
}
