import { commandLine, runsAsTask } from "./invocation.ts";

/** Kinds of Deno's permissions: what cannot be done without, and the flag that gives it. */
const kinds: Readonly<Record<string, { readonly verb: string; readonly flag: string }>> = {
  read: { verb: "read", flag: "--allow-read" },
  write: { verb: "write", flag: "--allow-write" },
  net: { verb: "reach", flag: "--allow-net" },
  env: { verb: "read the variable", flag: "--allow-env" },
  run: { verb: "start", flag: "--allow-run" },
  sys: { verb: "ask the system for", flag: "--allow-sys" },
  ffi: { verb: "load", flag: "--allow-ffi" },
};

/**
 * One line about what Deno does not permit. `deno task` gives a command the permissions that its flags ask
 * for; whoever starts Deno gives them by flags of Deno.
 *
 * @param kind As Deno calls it, such as "read".
 * @param what The path, host, variable or program.
 */
export function missingPermission(kind: string, what: string | undefined): string {
  const { verb, flag } = kinds[kind] ?? { verb: "use", flag: "--allow-all" };
  const problem = `Cannot ${verb} ${what ?? "what is needed"}: `;
  if (!runsAsTask()) {
    const value = what === undefined || flag === "--allow-all" ? "" : `=${what}`;
    return `${problem}Deno does not permit it; start it with ${flag}${value}, or as ${
      commandLine("VERB")
    }`;
  }
  if (kind === "write") {
    return `${problem}a command writes only in the folder of its runs and what its flags name; ` +
      "choose a place with a flag such as --out";
  }
  if (kind === "read") {
    return `${problem}a command reads only this clone, npm's packages and what its flags name; ` +
      "name it with a flag such as --from or --run";
  }
  if (kind === "net") return `${problem}only the hosts of data sets, and a --mirror, are permitted`;
  return `${problem}deno task does not permit it to this command`;
}
