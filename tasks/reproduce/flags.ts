/** Flags that `reproduce` and `study` share, and what is made of them. */
import { grouped, UsageError } from "../cli/flags.ts";
import type { ExperimentDataset } from "./experiments.ts";

const fromFlag = (dataset: string) =>
  ({
    type: "string",
    placeholder: "PATH",
    path: "read",
    help: `File or folder that holds ${dataset}`,
  }) as const;

/** Where data sets lie. */
export const placeFlags = grouped("Data", {
  mnistFrom: fromFlag("mnist"),
  fashionMnistFrom: fromFlag("fashion-mnist"),
  cifar10From: fromFlag("cifar10"),
  celebaFrom: fromFlag("celeba"),
});

/** Where runs and records go. */
export const runsFlag = {
  type: "string",
  group: "Output",
  default: "runs/reproduce",
  placeholder: "FOLDER",
  path: "write in the folder",
  help: "Folder of the runs and of what is done",
} as const;

/** Where data sets lie, by name. */
export function placesOf(
  flags: { readonly [K in keyof typeof placeFlags]: string | undefined },
): Readonly<Record<ExperimentDataset, string | undefined>> {
  return {
    "mnist": flags.mnistFrom,
    "fashion-mnist": flags.fashionMnistFrom,
    "cifar10": flags.cifar10From,
    "celeba": flags.celebaFrom,
  };
}

/** The words of a list, without the space around them. */
export function wordsOf(text: string): string[] {
  return text.split(",").map((word) => word.trim());
}

/** Those of a list that were named, in the list's order; all if none were. */
export function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  { names, flag }: { readonly names: string | undefined; readonly flag: string },
): T[] {
  const wanted = names === undefined ? undefined : wordsOf(names);
  const strange = wanted?.find((name) => !all.some((each) => each.name === name));
  if (strange !== undefined) {
    throw new UsageError(
      `--${flag} has ${JSON.stringify(strange)}, expected some of ` +
        all.map(({ name }) => name).join(", "),
    );
  }
  return all.filter(({ name }) => wanted?.includes(name) ?? true);
}
