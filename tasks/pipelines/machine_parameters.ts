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
import { bytesText } from "../../src/networks/tensor_memory.ts";
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
