import type { Wording } from "../../src/core/errors.ts";
import { dashed } from "./flags.ts";
import { commandLine } from "./invocation.ts";

/** Options of the library whose flag is called otherwise, or takes other values. */
const flags: Readonly<Record<string, { flag: string; values?: Readonly<Record<string, string>> }>> =
  {
    schedule: { flag: "noise-schedule" },
    schedules: { flag: "schedule" },
    channels: { flag: "colors", values: { 1: "gray", 3: "rgb" } },
  };

/** Options that no command has a flag for: limits of readers, which a program raises for one file. */
const libraryOnly = new Set(["maxBytes", "maxItems", "maxDepth", "maxText"]);

/** How the commands call what a library's error suggests: `images: 10` is `--images 10`. */
export const flagWording: Wording = {
  option(name, value) {
    if (libraryOnly.has(name)) {
      return `the library's option ${name}${value === undefined ? "" : ` to ${value}`}`;
    }
    const { flag = dashed(name), values = {} } = flags[name] ?? {};
    return value === undefined ? `--${flag}` : `--${flag} ${values[value] ?? value}`;
  },
  fetch: (dataset) => `run ${commandLine(`data ${dataset}`)}`,
};
