import { assertEquals } from "@std/assert";

/**
 * Compares text with a file in tests/fixtures. `ELS_UPDATE_SNAPSHOTS=1 deno task test:snapshots`
 * writes the files anew; look at them before they are committed.
 */
export async function assertSnapshot(text: string, file: string): Promise<void> {
  const path = new URL(`./fixtures/${file}`, import.meta.url);
  const variable = "ELS_UPDATE_SNAPSHOTS";
  const { state } = await Deno.permissions.query({ name: "env", variable });
  if (state === "granted" && Deno.env.get(variable) === "1") await Deno.writeTextFile(path, text);
  const lines = (s: string) => s.replaceAll("><", ">\n<").split("\n");
  assertEquals(lines(text), lines(await Deno.readTextFile(path)));
}
