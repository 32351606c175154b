import { assert, assertEquals } from "@std/assert";
import { ArgumentError, DataFormatError } from "../../../src/core/errors.ts";
import {
  type CommandContext,
  type CommandHost,
  defineVerb,
  executeCommand,
  interruptedExitCode,
} from "../../../tasks/cli/command.ts";
import type { CommandSpec } from "../../../tasks/cli/flags.ts";
import type { Interrupt } from "../../../tasks/cli/interrupts.ts";

const spec = {
  name: "demo",
  description: "Demonstrates.",
  flags: { steps: { type: "integer", default: 3, help: "Steps" } },
} as const satisfies CommandSpec;

/** A process that records what is written and lets the test press Ctrl-C. */
function fakeHost(args: readonly string[], debug = false) {
  const record = { out: "", err: "", exits: [] as number[], listening: false };
  let clock = 0;
  let press: Parameters<CommandHost["onInterrupt"]>[0] = () => {};
  const host: CommandHost = {
    args,
    print: (text) => record.out += `${text}\n`,
    printError: (text) => record.err += `${text}\n`,
    output: {
      write: (text) => record.err += text,
      isTerminal: false,
      columns: () => 80,
      now: () => clock,
    },
    debug,
    onInterrupt: (callback) => {
      press = callback;
      record.listening = true;
      return () => record.listening = false;
    },
    exitNow: (code) => record.exits.push(code),
  };
  return {
    host,
    record,
    press: (why: Interrupt = "SIGINT") => press(why),
    wait: (ms: number) => clock += ms,
  };
}

async function failWith(error: unknown, debug = false) {
  const { host, record } = fakeHost([], debug);
  const code = await executeCommand(
    defineVerb(spec, () => {
      throw error;
    }),
    host,
  );
  return { code, err: record.err };
}

Deno.test("command: hands over typed flags and exits with 0", async () => {
  const { host, record } = fakeHost(["--steps", "5"]);
  let steps = 0;
  const main = (context: CommandContext<typeof spec.flags>) => {
    steps = context.flags.steps;
  };
  assertEquals(await executeCommand(defineVerb(spec, main), host), 0);
  assertEquals([steps, record.err, record.listening], [5, "", false]);
});

Deno.test("command: --help prints the page on stdout and does not run", async () => {
  const { host, record } = fakeHost(["--help"]);
  const code = await executeCommand(
    defineVerb(spec, () => {
      throw new Error("must not run");
    }),
    host,
  );
  assertEquals([code, record.err], [0, ""]);
  assert(record.out.includes("--quiet"));
});

Deno.test("command: a usage error is one line on stderr and exit code 1", async () => {
  const { host, record } = fakeHost(["--step", "5"]);
  assertEquals(await executeCommand(defineVerb(spec, () => {}), host), 1);
  assertEquals(
    record.err,
    "demo: Unknown flag --step; did you mean --steps?; run with --help\n",
  );
});

Deno.test("command: expected errors are one line without a hint about stack traces", async () => {
  const cases: [Error, string][] = [
    [new ArgumentError("--steps is 0"), "demo: --steps is 0\n"],
    [
      new ArgumentError("Cannot take 9 images: there are 4", {
        remedy: (say) => `ask for no more (${say.option("images", 4)})`,
      }),
      "demo: Cannot take 9 images: there are 4; ask for no more (--images 4)\n",
    ],
    [new DataFormatError("a.idx", "two\n lines", 7), "demo: a.idx: two lines (at byte 7)\n"],
    [
      new Deno.errors.NotFound("No such file or directory (os error 2): readfile 'runs/x'"),
      "demo: Cannot use runs/x: there is no such file or folder\n",
    ],
    [new Deno.errors.NotFound("Run 7 is not there"), "demo: Run 7 is not there\n"],
    [
      new Error("No space left on device (os error 28): writefile 'runs/x/state'"),
      "demo: Cannot use runs/x/state: the disk is full; make room and run the same command again\n",
    ],
    [
      new Error("Too many open files (os error 24): open 'runs/x'"),
      "demo: Cannot use runs/x: Too many open files\n",
    ],
    [new Deno.errors.Busy("Cannot open runs/x"), "demo: Cannot open runs/x\n"],
    [
      new Deno.errors.NotCapable(
        'Requires write access to "/data/runs", run again with the --allow-write flag',
      ),
      "demo: Cannot write /data/runs: a command writes only in the folder of its runs and what its " +
      "flags name; choose a place with a flag such as --out\n",
    ],
  ];
  for (const [error, line] of cases) assertEquals(await failWith(error), { code: 1, err: line });
});

Deno.test("command: a real missing file is named", async () => {
  const { host, record } = fakeHost([]);
  const missing = new URL("no_such_file", import.meta.url);
  const code = await executeCommand(
    defineVerb(spec, async () => {
      await Deno.readFile(missing);
    }),
    host,
  );
  assertEquals(code, 1);
  assertEquals(
    record.err,
    `demo: Cannot use ${missing.pathname}: there is no such file or folder\n`,
  );
});

Deno.test("command: unexpected errors say how to get the stack trace", async () => {
  const hint = "; run with ELS_DEBUG=1 for the stack trace\n";
  assertEquals(await failWith(new Error("odd")), { code: 1, err: `demo: odd${hint}` });
  let fault: unknown;
  try {
    (undefined as unknown as { x: number }).x;
  } catch (error) {
    fault = error;
  }
  for (const engine of [new RangeError("Invalid array length"), new TypeError("odd")]) {
    const { err } = await failWith(engine);
    assertEquals(err, `demo: ${engine.name}: ${engine.message}${hint}`);
  }
  const { err } = await failWith(fault);
  assert(err.startsWith("demo: TypeError: Cannot read") && err.endsWith(hint), err);
  assertEquals(await failWith("text"), { code: 1, err: `demo: text${hint}` });
  assert((await failWith(new Error("odd"), true)).err.includes("command_test.ts"));
});

Deno.test("command: Ctrl-C aborts once, a later one exits at once", async () => {
  const { host, record, press, wait } = fakeHost([]);
  let aborts = 0;
  const code = await executeCommand(
    defineVerb(spec, ({ abort }) => {
      abort.addEventListener("abort", () => aborts++);
      press();
      wait(20);
      press(); // the same key press, passed on by a parent process
      assertEquals([aborts, record.exits], [1, []]);
      wait(2000);
      press();
      abort.throwIfAborted();
    }),
    host,
  );
  assertEquals([code, aborts, record.exits], [interruptedExitCode, 1, [interruptedExitCode]]);
  assertEquals(
    record.err,
    "demo: saving and stopping; press Ctrl-C again to stop at once\n",
  );
});

Deno.test("command: work that saves and returns when asked to stop exits with 130 and says why", async () => {
  for (
    const [why, said] of [
      ["SIGINT", "press Ctrl-C again to stop at once"],
      ["SIGHUP", "at SIGHUP; a second signal stops at once"],
      ["parent gone", "as the process that started this is gone"],
    ] as const
  ) {
    const { host, record, press } = fakeHost([]);
    const code = await executeCommand(defineVerb(spec, () => press(why)), host);
    assertEquals(code, interruptedExitCode);
    assert(record.err.includes(said), record.err);
  }
});

Deno.test("command: an error while stopping is reported as an error", async () => {
  const { host, record, press } = fakeHost([]);
  const code = await executeCommand(
    defineVerb(spec, () => {
      press();
      throw new ArgumentError("disk full");
    }),
    host,
  );
  assertEquals(code, 1);
  assert(record.err.endsWith("demo: disk full\n"));
});

Deno.test("command: --json writes the result as one object, and nothing else on stdout", async () => {
  const { host, record } = fakeHost(["--json"]);
  const verb = defineVerb(spec, ({ print }) => {
    print("for people");
    return { run: "runs/1", numbers: { steps: 3 } };
  });
  assertEquals(await executeCommand(verb, host), 0);
  const { toolkit, ...result } = JSON.parse(record.out);
  assertEquals(result, { verb: "demo", run: "runs/1", numbers: { steps: 3 } });
  assert(toolkit.startsWith("@els/toolkit "), toolkit);
  const plain = fakeHost([]);
  await executeCommand(verb, plain.host);
  assertEquals(plain.record.out, "for people\n");
});

Deno.test("command: a result that JSON cannot hold is an error, not a null", async () => {
  const { host, record } = fakeHost(["--json"]);
  const verb = defineVerb(spec, () => ({ numbers: { loss: NaN } }));
  assertEquals([await executeCommand(verb, host), record.out], [1, ""]);
  assert(record.err.includes("numbers.loss"), record.err);
});

Deno.test("command: --version prints the toolkit's and does not run", async () => {
  const { host, record } = fakeHost(["--version", "--steps", "5"]);
  const verb = defineVerb(spec, () => {
    throw new Error("must not run");
  });
  assertEquals(await executeCommand(verb, host), 0);
  assert(/^@els\/toolkit \d+\.\d+\.\d+ \(deno \d+\.\S+\)\n$/.test(record.out), record.out);
});
