import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { type CommandSpec, grouped, UsageError } from "../../../tasks/cli/flags.ts";
import { flagsBesideHelp, parseCommandLine } from "../../../tasks/cli/parse_command_line.ts";
import { helpPage, helpWidth } from "../../../tasks/cli/help.ts";

const spec = {
  name: "demo",
  description: "Does something that takes a while to describe. ".repeat(4),
  flags: {
    run: { type: "string", help: "Run folder to take the network from", placeholder: "FOLDER" },
    steps: { type: "integer", default: 20, min: 1, max: 1000, help: "Reverse steps" },
    scale: { type: "integer", min: 1, odd: true, help: "Patch size" },
    scales: { type: "integers", default: [3, 5], min: 1, odd: true, help: "Candidate scales" },
    classes: { type: "integers", min: 0, max: 9, help: "Only these classes" },
    learningRate: { type: "number", default: 1e-3, min: 0, help: "Learning rate" },
    machine: { type: "choice", choices: ["bbels", "els", "ls"], default: "bbels", help: "Machine" },
    dryRun: { type: "boolean", help: "Print the resolved configuration and stop" },
    ema: { type: "boolean", default: true, help: "Do not average the weights" },
  },
  examples: ["demo --steps 10"],
} as const satisfies CommandSpec;

function flagsOf(...args: string[]) {
  const line = parseCommandLine(spec, args);
  assert(typeof line === "object");
  return line.flags;
}

function complaint(...args: string[]): string {
  const { message } = assertThrows(() => parseCommandLine(spec, args), UsageError);
  assert(!message.includes("\n"), "a complaint is one line");
  return message;
}

Deno.test("flags: defaults when nothing is given", () => {
  const flags = flagsOf();
  const steps: number = flags.steps;
  const machine: "bbels" | "els" | "ls" = flags.machine;
  const run: string | undefined = flags.run;
  assertEquals([steps, machine, run], [20, "bbels", undefined]);
  assertEquals(flags.scales, [3, 5]);
  assertEquals([flags.dryRun, flags.ema], [false, true]);
});

Deno.test("flags: values by space, by =, with a leading minus, and switched off", () => {
  const flags = flagsOf(
    ...["--run", "runs/00001 a", "--steps=7", "--scales", "3..9,15", "--classes", "3,7"],
    ...["--learning-rate", "5e-4", "--machine", "ls", "--dry-run", "--no-ema"],
  );
  assertEquals(flags.run, "runs/00001 a");
  assertEquals(flags.steps, 7);
  assertEquals(flags.scales, [3, 5, 7, 9, 15]);
  assertEquals(flags.classes, [3, 7]);
  assertEquals(flags.learningRate, 5e-4);
  assertEquals([flags.machine, flags.dryRun, flags.ema], ["ls", true, false]);
  assertEquals(flagsOf("--run", "-1").run, "-1");
  assertEquals(flagsOf("--run=a=b").run, "a=b");
  assertEquals(flagsOf("--dry-run=false").dryRun, false);
  assertEquals(flagsOf("--classes", "2..4").classes, [2, 3, 4]);
});

Deno.test("flags: an unknown flag names the nearest known one", () => {
  const hint = "; run with --help";
  assertEquals(complaint("--stpes", "3"), `Unknown flag --stpes; did you mean --steps?${hint}`);
  assertEquals(
    complaint("--learn=1"),
    `Unknown flag --learn; did you mean --learning-rate?${hint}`,
  );
  assertEquals(
    complaint("--learningRate=1"),
    `Unknown flag --learningRate; did you mean --learning-rate?${hint}`,
  );
  assertEquals(complaint("--wombat"), `Unknown flag --wombat${hint}`);
  assertEquals(complaint("-x"), `Unknown flag -x${hint}`);
  assertEquals(complaint("--no-run"), `Unknown flag --no-run; did you mean --run?${hint}`);
});

Deno.test("flags: a bad value names the flag, what was found and what was expected", () => {
  const cases: [string[], string][] = [
    [["--steps", "ten"], '--steps is "ten", expected an integer from 1 to 1000'],
    [["--steps", "2.5"], '--steps is "2.5", expected an integer from 1 to 1000'],
    [["--steps", "0"], '--steps is "0", expected an integer from 1 to 1000'],
    [["--steps", "-3"], '--steps is "-3", expected an integer from 1 to 1000'],
    [["--steps", "0x10"], '--steps is "0x10", expected an integer from 1 to 1000'],
    [["--steps"], "--steps has no value, expected an integer from 1 to 1000"],
    [["--steps", "--dry-run"], "--steps has no value, expected an integer from 1 to 1000"],
    [["--steps="], "--steps has no value, expected an integer from 1 to 1000"],
    [["--scale", "4"], '--scale is "4", expected an odd integer of at least 1'],
    [
      ["--scales", "3,4"],
      '--scales is "3,4", expected odd integers of at least 1, such as 3,5,9 or 3..9',
    ],
    [["--classes", "3,"], '--classes is "3,", expected integers from 0 to 9, such as 3,7'],
    [["--classes", "7..3"], '--classes is "7..3", expected integers from 0 to 9, such as 3,7'],
    [["--learning-rate", "NaN"], '--learning-rate is "NaN", expected a number of at least 0'],
    [["--learning-rate", "1e999"], '--learning-rate is "1e999", expected a number of at least 0'],
    [["--machine", "bels"], '--machine is "bels", expected one of bbels, els, ls'],
  ];
  for (const [args, start] of cases) {
    const found = complaint(...args);
    assert(found.startsWith(start), `found: ${found}`);
    assert(found.endsWith("; run with --help"), `found: ${found}`);
  }
  assertEquals(complaint("--dry-run=maybe"), '--dry-run is "maybe", expected true or false');
  assertEquals(
    complaint("--steps", "1", "--steps=2"),
    "--steps is given 2 times (1, 2), expected once",
  );
});

Deno.test("flags: words without dashes are refused unless declared", () => {
  assert(complaint("extra").startsWith('Unexpected argument "extra"'));
  assert(complaint("--", "--steps").startsWith('Unexpected argument "--steps"'));
  const data: CommandSpec<Record<never, never>> = {
    name: "data",
    description: "Fetches.",
    flags: {},
    positionals: [{ name: "NAME", help: "Data set", choices: ["mnist", "cifar10"] }],
  };
  const line = parseCommandLine(data, ["cifar10"]);
  assert(typeof line === "object");
  assertEquals(line.positionals, ["cifar10"]);
  assertEquals(
    assertThrows(() => parseCommandLine(data, []), UsageError).message,
    "NAME is missing, expected one of mnist, cifar10; run with --help",
  );
  assertEquals(
    assertThrows(() => parseCommandLine(data, ["minst"]), UsageError).message,
    'NAME is "minst", expected one of mnist, cifar10; did you mean mnist?; run with --help',
  );
});

Deno.test("flags: a required flag that is missing is named", () => {
  const strict: CommandSpec = {
    name: "x",
    description: "X.",
    flags: { run: { type: "string", help: "Run", required: true } },
  };
  assertEquals(
    assertThrows(() => parseCommandLine(strict, []), UsageError).message,
    "--run is missing, expected some text; run with --help",
  );
});

Deno.test("flags: --help and -h win over missing and ask for the page", () => {
  assertStrictEquals(parseCommandLine(spec, ["--help"]), "help");
  assertStrictEquals(parseCommandLine(spec, ["-h"]), "help");
});

Deno.test("help: shows usage, every flag with its default, and fits its width", () => {
  const page = helpPage(spec);
  for (const line of page.split("\n")) assert(line.length <= helpWidth, line);
  for (
    const text of [
      "Usage: deno task demo [flags]",
      "--learning-rate X",
      "default 0.001",
      "--no-ema",
      "default 3,5",
      "bbels, els, ls; default bbels",
      "deno task demo --steps 10",
    ]
  ) assert(page.includes(text), `${text} is not in\n${page}`);
});

Deno.test("help: flags stand in groups, with the defaults of what was chosen beside --help", () => {
  const chosen: CommandSpec = {
    name: "demo",
    description: "Demonstrates.",
    flags: {
      ...grouped("Training", { steps: { type: "integer", help: "Steps" } }),
      ...grouped("Start from", {
        preset: { type: "choice", choices: ["small", "big"], default: "small", help: "Preset" },
      }),
      ...grouped("Network", {
        ema: { type: "boolean", open: true, help: "Average" },
        channels: { type: "integers", help: "Channels" },
      }),
    },
    dependentDefaults: ({ preset }) => ({
      of: `--preset ${preset}`,
      values: preset === "big"
        ? { steps: 900, ema: true, channels: [] }
        : { steps: 7, ema: false, channels: [8, 16] },
    }),
  };
  const page = (...args: string[]) =>
    helpPage(chosen, flagsBesideHelp(chosen, ["--help", ...args]));
  const big = page("--preset", "big");
  assert(big.includes("Defaults are those of --preset big."), big);
  assert(/--steps N +Steps \(default 900\)/.test(big), big);
  assert(/--\[no-\]ema +Average \(default on\)/.test(big), big);
  assert(/--channels N,N,.. +Channels \(default none\)/.test(big), big);
  const order = ["Start from\n", "Network\n", "Training\n"].map((title) =>
    big.indexOf(`\n${title}`)
  );
  assertEquals([...order].sort((a, b) => a - b), order);
  assert(order[0]! > 0, big);
  assert(/--channels N,N,.. +Channels \(default 8,16\)/.test(page()), page());
  // A preset that does not exist is no reason to refuse help.
  assert(page("--preset", "huge").includes("--preset undefined"));
});

Deno.test("flags: a word may stand in place of a number, and says so", () => {
  const spec = {
    name: "go",
    description: "Goes.",
    flags: { samples: { type: "integer", min: 1, or: "auto", default: "auto", help: "How many" } },
  } as const;
  const samples = (...args: string[]): number | "auto" => {
    const line = parseCommandLine(spec, args);
    assert(typeof line === "object");
    return line.flags.samples;
  };
  assertEquals([samples(), samples("--samples", "auto"), samples("--samples", "3")], [
    "auto",
    "auto",
    3,
  ]);
  assertThrows(
    () => samples("--samples", "many"),
    UsageError,
    '--samples is "many", expected an integer of at least 1, or auto',
  );
  assertStringIncludes(helpPage(spec), "--samples N|auto");
});

Deno.test("flags: another spelling is understood, and a flag given in both is given twice", () => {
  const colors = {
    type: "choice",
    choices: ["gray", "rgb"],
    alsoSpelled: ["colours"],
    help: "Colors",
  } as const;
  const spelled = { ...spec, flags: { colors } } as const satisfies CommandSpec;
  const parse = (...args: string[]) => {
    const line = parseCommandLine(spelled, args);
    assert(typeof line === "object");
    return line.flags.colors;
  };
  assertEquals([parse("--colours", "rgb"), parse("--colours=gray")], ["rgb", "gray"]);
  assertThrows(() => parse("--colours", "rgb", "--colors", "rgb"), UsageError, "given 2 times");
  assertThrows(() => parse("--colour", "rgb"), UsageError, "did you mean --colors?");
});
