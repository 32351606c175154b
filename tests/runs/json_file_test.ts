import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import { readJsonFile } from "../../src/runs/json_file.ts";

Deno.test("json file: read back, undefined where there is none, refused where it is cut off", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "a.json");
    assertEquals(await readJsonFile(path), undefined);
    await Deno.writeTextFile(path, '{"a":[1,null]}');
    assertEquals(await readJsonFile(path), { a: [1, null] });
    await Deno.writeTextFile(path, '{"a":[1,nu');
    await assertRejects(() => readJsonFile(path), DataFormatError, `${path}: not JSON: `);
    // What is no file is no missing file.
    await assertRejects(() => readJsonFile(folder), Error, "os error");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
