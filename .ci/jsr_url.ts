/**
 * Prints the JSR_URL under which the standard library can be imported.
 *
 * Where JSR answers, that is JSR itself (or what JSR_URL already says). Where it does not, the few
 * functions we use are served by the stand-ins in `.ci/jsr`, copied to a folder outside the package
 * so that `deno publish --dry-run` does not count them as part of it.
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

const preset = Deno.env.get("JSR_URL");
if (preset !== undefined && preset !== "") {
  console.log(preset);
} else {
  const { success } = await new Deno.Command("deno", {
    args: ["info", "-q", "--no-config", "jsr:@std/path@1"],
    stdout: "null",
    stderr: "null",
  }).output();
  if (success) {
    console.log("");
  } else {
    const here = dirname(fromFileUrl(import.meta.url));
    const temporary = Deno.env.get("TMPDIR") ?? Deno.env.get("TEMP") ?? "/tmp";
    const target = join(temporary, `els-toolkit-jsr-${Deno.env.get("USER") ?? "user"}`);
    await copyTree(join(here, "jsr"), target);
    console.error("JSR cannot be reached: using the stand-ins for @std in .ci/jsr");
    console.log(`${toFileUrl(target).href}/`);
  }
}
