import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataFormatError } from "../../src/core/errors.ts";
import { JsonlLog, readJsonl } from "../../src/runs/jsonl_log.ts";

async function withPath(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/log.jsonl`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const records = [1, 2, 3, 4].map((step) => ({ step, loss: 1 / step, note: "ü\n" }));

async function write(path: string, from: number, to: number, upToStep?: number) {
  using log = await JsonlLog.open(path, upToStep === undefined ? {} : { upToStep });
  for (const record of records.slice(from, to)) log.append(record);
  return log.earlier;
}

Deno.test("jsonl log: lines are appended across openings and read back", () =>
  withPath(async (path) => {
    assertEquals(await readJsonl(path), []);
    assertEquals(await write(path, 0, 2), []);
    assertEquals(await write(path, 2, 4), records.slice(0, 2));
    assertEquals(await readJsonl(path), records);
  }));

Deno.test("jsonl log: cut at any byte and resumed, it equals an uninterrupted one", () =>
  withPath(async (path) => {
    await write(path, 0, 4);
    const whole = await Deno.readFile(path);
    for (let length = 0; length <= whole.length; length++) {
      await Deno.writeFile(path, whole.subarray(0, length));
      const complete = whole.subarray(0, length).filter((byte) => byte === 10).length;
      assertEquals(await readJsonl(path), records.slice(0, complete));
      assertEquals(await write(path, complete, 4), records.slice(0, complete));
      assertEquals(await Deno.readFile(path), whole);
    }
  }));

Deno.test("jsonl log: taken back to a checkpoint's step, it equals an uninterrupted one", () =>
  withPath(async (path) => {
    await write(path, 0, 4);
    const whole = await Deno.readFile(path);
    for (let step = 0; step <= 4; step++) {
      assertEquals(await write(path, step, 4, step), records.slice(0, step));
      assertEquals(await Deno.readFile(path), whole);
    }
  }));

Deno.test("jsonl log: lines without a step stay with those before them", () =>
  withPath(async (path) => {
    const lines = [{ event: "start" }, { step: 1 }, { event: "saved" }, { step: 2 }, {
      event: "x",
    }];
    await Deno.writeTextFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    assertEquals(await write(path, 0, 0, 1), lines.slice(0, 3));
    assertEquals(await readJsonl(path), lines.slice(0, 3));
  }));

Deno.test("jsonl log: a damaged line is a DataFormatError with its number and byte, and stays", () =>
  withPath(async (path) => {
    for (const bad of ["{", "[1]", "null", "", "\u0000"]) {
      const text = `{"step":1}\n${bad}\n{"step":2}\n`;
      await Deno.writeTextFile(path, text);
      const error = await assertRejects(
        () => JsonlLog.open(path),
        DataFormatError,
        "line 2 is not",
      );
      assertEquals(error.byteOffset, 11);
      assertEquals(await Deno.readTextFile(path), text);
    }
  }));

Deno.test("jsonl log: NaN is refused by name and nothing of the line is written", () =>
  withPath(async (path) => {
    using log = await JsonlLog.open(path);
    log.append({ step: 1 });
    assertThrows(() => log.append({ step: 2, loss: { mean: NaN } }), RangeError, "mean is NaN");
    assertEquals(await readJsonl(path), [{ step: 1 }]);
  }));
