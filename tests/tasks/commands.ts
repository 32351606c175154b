/** Runs commands as a user does: whole processes. */
import { fromFileUrl, join } from "@std/path";

/** The package. */
export const root: string = fromFileUrl(new URL("../..", import.meta.url));

/** Starts a command. */
export function spawn(task: string, args: readonly (string | number)[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-prompt", "--no-check", "-R", "-W", "--allow-env"],
      join(root, `tasks/${task.replaceAll("-", "_")}.ts`),
      ...args.map(String),
    ],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Waits for a command to end. */
export async function finish(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** Runs a command to its end. */
export const run = (task: string, ...args: (string | number)[]) => finish(spawn(task, args));

/** Lends a folder that is gone afterwards. */
export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
