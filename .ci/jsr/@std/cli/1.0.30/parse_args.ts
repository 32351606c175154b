/** Stand-in for the part of jsr:@std/cli/parse-args that this package uses, over node:util. */
import { parseArgs as nodeParseArgs } from "node:util";

export interface ParseOptions {
  readonly string?: readonly string[];
  readonly boolean?: readonly string[];
  readonly collect?: readonly string[];
  readonly negatable?: readonly string[];
  readonly alias?: Record<string, string>;
  readonly default?: Record<string, unknown>;
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

export type Args = { _: Array<string | number> } & Record<string, unknown>;

export function parseArgs(args: string[], options: ParseOptions = {}): Args {
  const { tokens } = nodeParseArgs({
    args,
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries([
      ...(options.string ?? []).map((name) => [name, { type: "string" as const }]),
      ...(options.boolean ?? []).map((name) => [name, { type: "boolean" as const }]),
    ]),
  });
  const out: Args = { _: [], ...options.default };
  for (const name of options.boolean ?? []) out[name] ??= false;
  for (const name of options.collect ?? []) out[name] ??= [];
  for (const token of tokens ?? []) {
    if (token.kind === "positional") out._.push(token.value);
    if (token.kind !== "option") continue;
    let name = options.alias?.[token.name] ?? token.name;
    let value: unknown = token.value ?? (options.string?.includes(name) ? "" : true);
    if (name.startsWith("no-") && options.negatable?.includes(name.slice(3))) {
      name = name.slice(3);
      value = false;
    }
    const known = options.string?.includes(name) || options.boolean?.includes(name) ||
      options.collect?.includes(name);
    if (!known && options.unknown && options.unknown(token.rawName, name, value) === false) {
      continue;
    }
    if (options.collect?.includes(name)) (out[name] as unknown[]).push(value);
    else out[name] = value;
  }
  return out;
}
