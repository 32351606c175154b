/**
 * What is looked at to tell one runtime from another.
 *
 * @category Runs
 */
export interface RuntimeScope {
  /** Present in Deno. */
  readonly Deno?: { readonly version?: { readonly deno: string } };
  /** Present in Node and those like it, Deno and Bun among them. */
  readonly process?: { readonly versions?: { readonly node?: string; readonly bun?: string } };
  /** Present in browsers. */
  readonly navigator?: { readonly userAgent?: string };
}

/** How browsers sign, in the order of asking: Edge says that it is Chrome, and Chrome that it is Safari. */
const signatures: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["edge", /\bEdg\/(\d+)/],
  ["chrome", /\b(?:Headless)?Chrome\/(\d+)/],
  ["firefox", /\bFirefox\/(\d+)/],
  ["safari", /\bVersion\/(\d+)\S* .*Safari\//],
];

/**
 * Name and version of the runtime, such as "deno 2.9.6", "node 22.11.0" or "chrome 142".
 *
 * @example
 * ```ts
 * import { runtimeName } from "@els/toolkit/machines";
 * import { assertMatch } from "@std/assert";
 *
 * assertMatch(runtimeName(), /^deno \d/);
 * ```
 *
 * @param scope Where to look; the global scope by default.
 * @category Runs
 */
export function runtimeName(scope: RuntimeScope = globalThis as RuntimeScope): string {
  const { deno } = scope.Deno?.version ?? {};
  const { node, bun } = scope.process?.versions ?? {};
  if (deno !== undefined) return `deno ${deno}`;
  if (bun !== undefined) return `bun ${bun}`;
  if (node !== undefined) return `node ${node}`;
  for (const [name, pattern] of signatures) {
    const version = pattern.exec(scope.navigator?.userAgent ?? "")?.[1];
    if (version !== undefined) return `${name} ${version}`;
  }
  return "unknown runtime";
}
