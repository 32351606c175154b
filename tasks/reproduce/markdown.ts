/** Pieces of the documents that a reproduction writes. */
import type { TimeProtocol } from "./experiments.ts";
import type { SourcesRecord } from "./run_experiment.ts";

/** Lines between which stands what the tasks keep as it is; a document may have several such places. */
function notesMarkers(about?: string): readonly [string, string] {
  return [
    `<!-- notes${about === undefined ? "" : ` on ${about}`}: kept as they are -->`,
    "<!-- end of notes -->",
  ];
}

/** The notes of an earlier document, those about something or the only ones; empty if it has none. */
export function notesOf(document: string, about?: string): string {
  const [begin, end] = notesMarkers(about);
  const from = document.indexOf(begin);
  const to = document.indexOf(end, from);
  return from < 0 || to < 0 ? "" : document.slice(from + begin.length, to).trim();
}

/** Notes between their markers. */
export function notesBlock(notes: string, about?: string): string {
  const [begin, end] = notesMarkers(about);
  return `${begin}\n\n${notes === "" ? "" : `${notes}\n\n`}${end}`;
}

/** A number with its thousands apart. */
export function integer(n: unknown): string {
  return typeof n === "number" ? n.toLocaleString("en") : "?";
}

/** Numbers to three decimals. */
export function list(numbers: readonly number[]): string {
  return numbers.map((n) => String(Number(n.toFixed(3)))).join(", ");
}

/** A protocol in words. */
export function protocolText({ grid, steps, networkSteps }: TimeProtocol): string {
  const network = networkSteps === steps ? "" : `, the network in ${networkSteps}`;
  return `${grid} times, ${steps} steps of DDIM${network}`;
}

/** Kind and sizes of a network. */
export function sizeText({ architecture }: SourcesRecord["network"]): string {
  const { kind, width, layers, channels, classes } = architecture as {
    readonly kind: string;
    readonly width?: number;
    readonly layers?: number;
    readonly channels?: readonly number[];
    readonly classes: number;
  };
  const size = channels === undefined
    ? `${width} channels, ${layers} layers`
    : `${channels.join("/")} channels`;
  return `${kind}, ${size}${classes > 0 ? `, ${classes} classes` : ""}`;
}

/** Of how many samples a first machine has the higher r^2 than a second: "9 of 12". */
export function samplesBetter(
  first: readonly (number | null)[],
  second: readonly (number | null)[],
): string {
  const better = first.filter((a, i) =>
    a !== null && (second[i] ?? null) !== null && a > second[i]!
  );
  return `${better.length} of ${first.length}`;
}
