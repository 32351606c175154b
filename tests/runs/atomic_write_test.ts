import { assertEquals, assertRejects } from "@std/assert";
import { writeFileAtomic } from "../../src/runs/atomic_write.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("atomic write: bytes and text replace what was there and leave nothing beside it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeFileAtomic(`${folder}/a.txt`, "old and longer");
    await writeFileAtomic(`${folder}/a.txt`, "nü");
    await writeFileAtomic(`${folder}/b.bin`, Uint8Array.of(1, 2, 3).subarray(1));
    assertEquals(await Deno.readTextFile(`${folder}/a.txt`), "nü");
    assertEquals(await Deno.readFile(`${folder}/b.bin`), Uint8Array.of(2, 3));
    assertEquals(names(folder), ["a.txt", "b.bin"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("atomic write: a failure keeps the old content and removes the temporary file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // A folder in the way makes the rename fail after the temporary file has been written.
    await Deno.mkdir(`${folder}/taken/inner`, { recursive: true });
    await assertRejects(() => writeFileAtomic(`${folder}/taken`, "x"));
    assertEquals(names(folder), ["taken"]);
    assertEquals(names(`${folder}/taken`), ["inner"]);
    await assertRejects(() => writeFileAtomic(`${folder}/none/a`, "x"), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("atomic write: a reader never sees a part", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/a.bin`;
    const content = [0, 1].map((value) => new Uint8Array(2_000_000).fill(value));
    await writeFileAtomic(path, content[0]!);
    let writing = true;
    const writer = (async () => {
      for (let i = 1; i <= 20; i++) await writeFileAtomic(path, content[i % 2]!);
      writing = false;
    })();
    while (writing) {
      const seen = await Deno.readFile(path);
      assertEquals(seen.length, 2_000_000);
      assertEquals(seen[0], seen.at(-1));
    }
    await writer;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("atomic write: what a killed process left in a folder goes with the next file there", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const temporary = () => `${folder}/.${crypto.randomUUID()}.tmp`;
    const [left, held, other] = [temporary(), temporary(), `${folder}/.mine.tmp`];
    for (const path of [left, held, other]) await Deno.writeTextFile(path, "half");
    // As a living process holds what it is writing.
    using file = await Deno.open(held, { write: true });
    await file.lock(true);
    await writeFileAtomic(`${folder}/result.json`, "{}");
    const expected = [held, other].map((path) => path.slice(folder.length + 1));
    assertEquals(names(folder), [...expected, "result.json"].sort());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
