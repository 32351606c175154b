/** Runs and files that a command passes over are named, each once. */
import type { DataFormatError } from "../../src/core/errors.ts";
import { ifAnybodyReads } from "../cli/terminal.ts";

const told = new Set<string>();

/** Says on stderr what was passed over, unless this process has said so. */
export function tellProblem({ message }: DataFormatError): void {
  if (told.has(message)) return;
  told.add(message);
  ifAnybodyReads(() => console.error(`Note: passed over ${message}`));
}
