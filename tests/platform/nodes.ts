/** The versions of Node that are here: the one on the path, and what npx has kept of others. */

/** A Node to run programs with. */
export interface Node {
  /** Such as "22.23.3". */
  readonly version: string;
  /** The program that runs it, and what stands before its own arguments. */
  readonly command: readonly [program: string, ...args: string[]];
}

/** Versions that this package is tested with, as npm names them. */
const wanted = ["22", "24"];

async function locate(...command: Node["command"]): Promise<Node | undefined> {
  const [program, ...args] = command;
  try {
    const { success, stdout } = await new Deno.Command(program, {
      args: [...args, "-e", "console.log(process.versions.node)"],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    return success ? { version: new TextDecoder().decode(stdout).trim(), command } : undefined;
  } catch {
    return undefined; // no such command, or Deno's task shell in its place
  }
}

/** The Nodes that can be run without downloading anything, by the version asked for. */
export async function findNodes(): Promise<ReadonlyMap<string, Node>> {
  const found = new Map<string, Node>();
  const onPath = await locate("node");
  if (onPath !== undefined) found.set(onPath.version.split(".")[0]!, onPath);
  for (const version of wanted) {
    if (found.has(version)) continue;
    const node = await locate("npx", "--offline", "-y", `node@${version}`);
    if (node !== undefined) found.set(version, node);
  }
  return found;
}

/** Those asked for that are not here. */
export function missingNodes(found: ReadonlyMap<string, Node>): string[] {
  return wanted.filter((version) => !found.has(version));
}
