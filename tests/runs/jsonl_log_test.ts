import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { DataFormatError } from "../../src/core/errors.ts";
import { JsonlLog, logCopyOf, readJsonl } from "../../src/runs/jsonl_log.ts";

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

/** A log whose lines are durable, in the log and in its copy. */
async function writeSynced(path: string): Promise<Uint8Array> {
  using log = await JsonlLog.open(path);
  for (const record of records) log.append(record);
  log.sync();
  return await Deno.readFile(path);
}

Deno.test("jsonl log: any damage to a log is restored from its copy, and one to the copy is mended", () =>
  withPath(async (path) => {
    const whole = await writeSynced(path);
    const lines = new TextDecoder().decode(whole).trimEnd().split("\n");
    const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
    const damages: Record<string, () => Promise<void>> = {
      emptied: () => Deno.writeTextFile(path, ""),
      cut: () => Deno.truncate(path, 70),
      "zeros at the end": () => Deno.writeFile(path, whole.slice().fill(0, 90)),
      deleted: () => Deno.remove(path),
      swapped: () => Deno.writeTextFile(path, text([lines[1]!, lines[0]!, lines[2]!, lines[3]!])),
      repeated: () => Deno.writeTextFile(path, text([lines[0]!, ...lines])),
      "one lost": () => Deno.writeTextFile(path, text([lines[0]!, lines[2]!, lines[3]!])),
      null: () => Deno.writeTextFile(path, text(lines.with(1, "null"))),
      "a record without its checksum": () =>
        Deno.writeTextFile(path, text(lines.with(1, JSON.stringify(records[1])))),
      "all without": () =>
        Deno.writeTextFile(path, text(records.map((record) => JSON.stringify(record)))),
      "a changed number": () =>
        Deno.writeTextFile(path, text(lines.with(2, lines[2]!.replace('"step":3', '"step":5')))),
    };
    for (const [what, damage] of Object.entries(damages)) {
      await damage();
      assertEquals(await readJsonl(path), records, what);
      {
        using log = await JsonlLog.open(path);
        assertEquals(log.earlier, records, what);
        if (what !== "all without") assertStringIncludes(log.damage ?? "", path, what);
      }
      assertEquals(await Deno.readFile(path), whole, what);
    }
    for (const damage of ["", text(lines).slice(0, 90), "null\n"]) {
      await Deno.writeTextFile(logCopyOf(path), damage);
      (await JsonlLog.open(path))[Symbol.dispose]();
      assertEquals(await Deno.readFile(logCopyOf(path)), whole);
    }
  }));

Deno.test("jsonl log: without a copy lines before the damage are kept, and the rest is told and taken back", () =>
  withPath(async (path) => {
    const whole = await writeSynced(path);
    const lines = new TextDecoder().decode(whole).trimEnd().split("\n");
    for (let bad = 0; bad < lines.length; bad++) {
      await Deno.writeTextFile(
        path,
        lines.with(bad, lines[bad]!.replace('"loss":', '"gain":')).map((line) => `${line}\n`).join(
          "",
        ),
      );
      await Deno.remove(logCopyOf(path));
      await assertRejects(() => readJsonl(path), DataFormatError, `line ${bad + 1} does not fit`);
      using log = await JsonlLog.open(path);
      assertEquals(log.earlier, records.slice(0, bad));
      assertStringIncludes(log.damage!, `line ${bad + 1} does not fit its checksum`);
    }
  }));

Deno.test("jsonl log: one of an earlier release gets checksums and a copy, and ends as one of today", () =>
  withPath(async (path) => {
    const whole = await writeSynced(path);
    await Deno.remove(logCopyOf(path));
    const old = records.slice(0, 3).map((record) => `${JSON.stringify(record)}\n`).join("");
    await Deno.writeTextFile(path, old);
    using log = await JsonlLog.open(path, { upToLine: 2 });
    for (const record of records.slice(2)) log.append(record);
    log.sync();
    assertEquals(await Deno.readFile(path), whole);
    assertEquals(await Deno.readFile(logCopyOf(path)), whole);
    assertThrows(() => log.append({ check: 1 }), RangeError, "the log's own");
  }));
