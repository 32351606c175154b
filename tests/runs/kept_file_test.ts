import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import { parseSealedJson, sealedJsonText } from "../../src/runs/json_file.ts";
import { previousOf, readKept, writeKept } from "../../src/runs/kept_file.ts";
import { StateKeeper } from "../../src/runs/state_keeper.ts";
import { type StoreOperation, watchStore } from "../../src/runs/store_file.ts";

async function withPath(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(join(folder, "state.json"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const write = (path: string, step: number) => writeKept(path, sealedJsonText({ step }));
const read = (path: string) => readKept(path, parseSealedJson);

Deno.test("kept file: the generation before is read where the newest is damaged, and takes its place", () =>
  withPath(async (path) => {
    assertEquals(await read(path), { value: undefined, damage: undefined });
    for (const step of [1, 2, 3]) await write(path, step);
    assertEquals(await read(path), { value: { step: 3 }, damage: undefined });
    for (
      const damage of [
        () => Deno.writeTextFile(path, ""),
        () => Deno.truncate(path, 5),
        () => Deno.writeTextFile(path, "null"),
        async () =>
          await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("3", "4")),
        () => Deno.remove(path),
      ]
    ) {
      await write(path, 2);
      await write(path, 3);
      await damage();
      const { value, damage: told } = await readKept(path, (bytes, source) => {
        const value = parseSealedJson(bytes, source);
        if (value === null) throw new DataFormatError(source, "not a state");
        return value;
      });
      assertEquals(value, { step: 2 });
      assertStringIncludes(told!, path);
      // What is kept next is not what was damaged.
      await write(path, 4);
      await Deno.remove(path);
      assertEquals((await read(path)).value, { step: 2 });
    }
  }));

Deno.test("kept file: where both generations are damaged, both are named and nothing is read", () =>
  withPath(async (path) => {
    await write(path, 1);
    await write(path, 2);
    for (const each of [path, previousOf(path)]) await Deno.writeTextFile(each, "{");
    const { value, damage } = await read(path);
    assertEquals(value, undefined);
    assertStringIncludes(damage!, `${path}: not JSON`);
    assertStringIncludes(damage!, `${previousOf(path)}: not JSON`);
  }));

Deno.test("kept file: stopped before any operation, one generation is whole and nothing else is left", () =>
  withPath(async (path) => {
    await write(path, 1);
    await write(path, 2);
    let operations = 0;
    {
      using _ = watchStore(() => operations++);
      await write(path, 3);
    }
    assert(operations > 6, "writing, syncing, linking and renaming are told");
    for (let stop = 0; stop < operations; stop++) {
      let done = 0;
      const broken = async () => {
        using _ = watchStore(() => {
          if (done++ === stop) throw new Error("stopped");
        });
        await write(path, 4 + stop);
      };
      await assertRejects(broken, Error, "stopped");
      const { value } = await read(path);
      assert(value !== undefined, `operation ${stop}`);
    }
  }));

Deno.test("kept file: it is synced before it is named, and the folder after that", () =>
  withPath(async (path) => {
    await write(path, 1);
    const seen: StoreOperation["kind"][] = [];
    {
      using _ = watchStore(({ kind }) => void seen.push(kind));
      await write(path, 2);
    }
    const order = ["create", "write", "sync", "link", "rename", "rename", "syncFolder"];
    assertEquals(seen, order as StoreOperation["kind"][]);
  }));

Deno.test("state keeper: states that come fast are written once, the newest of them at the end", () =>
  withPath(async (path) => {
    const keeper = new StateKeeper(path);
    let asked = 0;
    for (let step = 1; step <= 50; step++) {
      await keeper.keep(() => {
        asked++;
        return sealedJsonText({ step });
      });
    }
    assertEquals((await read(path)).value, { step: 1 });
    await keeper.flush();
    await keeper.flush();
    assertEquals((await read(path)).value, { step: 50 });
    assertEquals(asked, 2, "bytes are made only for what is written");
  }));
