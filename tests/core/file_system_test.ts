import { assertEquals, assertRejects } from "@std/assert";
import { DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import { readRegularFile } from "../../src/core/file_system.ts";

Deno.test("files: a regular one is read, also through a link; nothing else is opened", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [file, link] = [`${folder}/file`, `${folder}/link`];
    await Deno.writeFile(file, Uint8Array.of(1, 2, 3));
    assertEquals(await readRegularFile(file), Uint8Array.of(1, 2, 3));
    await assertRejects(() => readRegularFile(folder), DataFormatError, "it is a folder");
    await assertRejects(
      () => readRegularFile(file, { maxBytes: 2 }),
      ReadLimitError,
      "the file has 3 bytes, more than 2; if you trust the file, raise `maxBytes: 3`",
    );
    const missing = await assertRejects(() => readRegularFile(`${folder}/none`));
    assertEquals((missing as { code?: string }).code, "ENOENT");
    if (Deno.build.os === "windows") return;
    const system = async (command: string, ...args: string[]) =>
      (await new Deno.Command(command, { args }).output()).success;
    if (await system("ln", "-s", file, link)) {
      assertEquals(await readRegularFile(link), Uint8Array.of(1, 2, 3));
    }
    if (await system("ln", "-s", "/dev/tty", `${folder}/device`)) {
      await assertRejects(() => readRegularFile(`${folder}/device`), DataFormatError, "a device");
    }
    if (await system("mkfifo", `${folder}/pipe`)) {
      await assertRejects(() => readRegularFile(`${folder}/pipe`), DataFormatError, "it is a pipe");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
