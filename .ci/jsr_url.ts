/**
 * Prints the JSR_URL under which the standard library can be imported.
 *
 * Where JSR answers (or its files are cached), that is JSR itself, written as an empty line. Where
 * it does not, the few functions we use are served by the stand-ins in `.ci/jsr`, copied to a folder
 * outside the package so that `deno publish --dry-run` does not count them as part of it. A JSR_URL
 * that is set already, even to nothing, is kept: commands within commands ask only once.
 */

import { dirname, join } from "node:path";
import { fileURLToPath as fromFileUrl, pathToFileURL as toFileUrl } from "node:url";

async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory) {
      await copyTree(source, target);
      continue;
    }
    const text = await Deno.readTextFile(source);
    const present = await Deno.readTextFile(target).catch(() => undefined);
    if (present === text) continue;
    // Several tasks may start at once: write beside the target, then rename.
    const temporary = `${target}.${crypto.randomUUID()}`;
    await Deno.writeTextFile(temporary, text);
    await Deno.rename(temporary, target);
  }
}

/** Whether the standard library can be had, by importing a small part of it. */
async function canImport(specifier: string): Promise<boolean> {
  try {
    await import(specifier);
    return true;
  } catch {
    return false;
  }
}

const preset = Deno.env.get("JSR_URL");
if (preset !== undefined) {
  console.log(preset);
} else if (await canImport("jsr:@std/path@1/join")) {
  console.log("");
} else {
  const here = dirname(fromFileUrl(import.meta.url));
  const temporary = Deno.env.get("TMPDIR") || Deno.env.get("TEMP") || "/tmp";
  const user = Deno.env.get("USER") || Deno.env.get("USERNAME") || "user";
  const target = join(temporary, `els-toolkit-jsr-${user}`);
  await copyTree(join(here, "jsr"), target);
  console.error("JSR cannot be reached: using the stand-ins for @std in .ci/jsr");
  console.log(`${toFileUrl(target).href}/`);
}
