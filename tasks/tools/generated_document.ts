/** Documents that are made from the code: written, or compared with what is committed. */
import { writeFileAtomic } from "../../src/runs/atomic_write.ts";
import { CommandError } from "../cli/command.ts";
import { textIfThere } from "../cli/text_file.ts";

/** Markdown as `deno fmt` wants it. */
export async function formatMarkdown(markdown: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(markdown));
  await writer.close();
  const { success, stdout } = await child.output();
  if (!success) throw new CommandError("Cannot format a document: deno fmt failed");
  return new TextDecoder().decode(stdout);
}

/**
 * Writes a document unless it is current.
 *
 * @param options.check Writes nothing, and fails where the document differs.
 * @param options.task The task that writes it.
 * @returns What was done, in a few words.
 * @throws CommandError if it differs and may not be written.
 */
export async function keepDocument(
  path: string,
  text: string,
  { check, task }: { readonly check: boolean; readonly task: string },
): Promise<string> {
  if (await textIfThere(path) === text) return `${path} is current`;
  if (check) throw new CommandError(`${path} is not what the code says; run deno task ${task}`);
  await writeFileAtomic(path, text);
  return `Wrote ${path}`;
}
