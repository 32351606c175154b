/**
 * Stand-in for the part of jsr:@std/cli/parse-args that this package uses.
 *
 * Behaves as the original for string, boolean and collected flags, long (`--name value`,
 * `--name=value`) and short (`-abc`), and for `unknown`, which is asked about words without dashes
 * too. Nested names (`--a.b`), aliases and defaults are left out.
 */

export interface ParseOptions {
  readonly string?: readonly string[];
  readonly boolean?: readonly string[];
  readonly collect?: readonly string[];
  readonly negatable?: readonly string[];
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

export type Args = { _: Array<string | number> } & Record<string, unknown>;

const isNumber = (text: string) => text.trim() !== "" && Number.isFinite(Number(text));

export function parseArgs(args: string[], options: ParseOptions = {}): Args {
  const [string, boolean, collect, negatable] = [
    new Set(options.string),
    new Set(options.boolean),
    new Set(options.collect),
    new Set(options.negatable),
  ];
  const out: Args = { _: [] };
  const positional = (text: string) =>
    out._.push(string.has("_") || !isNumber(text) ? text : Number(text));
  const set = (key: string, value: unknown, arg: string) => {
    const known = string.has(key) || boolean.has(key);
    if (!known && options.unknown?.(arg, key, value) === false) return;
    const typed = typeof value === "string" && !string.has(key) && isNumber(value)
      ? Number(value)
      : value;
    if (collect.has(key)) out[key] = [...(out[key] as unknown[] | undefined ?? []), typed];
    else out[key] = typed;
  };

  const end = args.includes("--") ? args.indexOf("--") : args.length;
  for (let i = 0; i < end; i++) {
    const arg = args[i]!;
    const next = i + 1 < end ? args[i + 1]! : "";
    const empty = (key: string) => string.has(key) ? "" : true;
    const takesNext = (key: string) => !boolean.has(key) && next !== "" && !next.startsWith("-");
    const isBoolean = next === "true" || next === "false";
    // As the original: `--name=` has no value, its key is "name=".
    const long = /^--(.+?)(?:=(.+))?$/s.exec(arg);
    if (long !== null) {
      const [key, value] = [long[1]!, long[2]];
      if (value !== undefined) set(key, boolean.has(key) ? value !== "false" : value, arg);
      else if (key.startsWith("no-") && negatable.has(key.slice(3))) set(key.slice(3), false, arg);
      else if (takesNext(key)) set(key, args[++i], arg);
      else if (isBoolean) set(key, args[++i] !== "false", arg);
      else set(key, empty(key), arg);
    } else if (/^-./s.test(arg)) {
      const letters = [...arg.slice(1)];
      for (const letter of letters.slice(0, -1)) set(letter, empty(letter), arg);
      const key = letters.at(-1)!;
      if (takesNext(key)) set(key, args[++i], arg);
      else if (isBoolean) set(key, args[++i] !== "false", arg);
      else set(key, empty(key), arg);
    } else if (options.unknown?.(arg) !== false) positional(arg);
  }
  for (const name of boolean) out[name] ??= collect.has(name) ? [] : false;
  for (const name of collect) if (string.has(name)) out[name] ??= [];
  for (const arg of args.slice(end + 1)) out._.push(arg);
  return out;
}
