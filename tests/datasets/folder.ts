/** Folders and packed bytes for the tests of data sets. */

/** Runs a test with a folder of its own, and removes it. */
export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Bytes through gzip. */
export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** One member of a tar archive: header, content, padding. `type` 0 is a file, 5 a folder. */
export function tarMember(
  name: string,
  content: Uint8Array<ArrayBuffer>,
  type = "0",
): Uint8Array<ArrayBuffer> {
  const member = new Uint8Array(512 + Math.ceil(content.length / 512) * 512);
  const text = (at: number, value: string) => member.set(new TextEncoder().encode(value), at);
  text(0, name);
  text(100, "0000644\0");
  text(124, `${content.length.toString(8).padStart(11, "0")}\0`);
  text(148, "        ");
  text(156, type);
  text(257, "ustar\x0000");
  const sum = member.subarray(0, 512).reduce((a, b) => a + b, 0);
  text(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  member.set(content, 512);
  return member;
}
