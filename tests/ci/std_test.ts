/** Where the standard library is taken from, how often JSR is asked, and help for plain commands. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import {
  helpOf,
  type JsrWorld,
  readStdCommand,
  standIns,
  verbOf,
  type Verdict,
  withPrograms,
} from "../../.ci/std.ts";

const folder = "file:///clone/.ci/jsr/";

/** A world at a time in hours, that counts the probes. */
function world({ reachable, verdict }: { reachable: boolean; verdict?: Verdict }) {
  const record = { probes: 0, verdict };
  let hour = 0;
  const asked: JsrWorld = {
    folder,
    read: () => Promise.resolve(record.verdict),
    write: (verdict) => {
      record.verdict = verdict;
      return Promise.resolve();
    },
    probe: () => {
      record.probes++;
      return Promise.resolve(reachable);
    },
    now: () => new Date(Date.UTC(2026, 0, 1, hour)),
  };
  return { asked, record, later: (hours: number) => hour += hours };
}

Deno.test("std: the verdict holds for a day, then JSR is asked again", async () => {
  for (const [reachable, url] of [[false, folder], [true, undefined]] as const) {
    const { asked, record, later } = world({ reachable });
    for (const hours of [0, 1, 22]) {
      later(hours);
      assertEquals([await standIns(asked), record.probes], [url, 1]);
    }
    later(1);
    assertEquals([await standIns(asked), record.probes], [url, 2]);
  }
});

Deno.test("std: a verdict that is damaged or from the future does not count", async () => {
  for (const at of ["yesterday", "2126-01-01T00:00:00.000Z"]) {
    const { asked, record } = world({ reachable: false, verdict: { reachable: true, at } });
    assertEquals([await standIns(asked), record.probes], [folder, 1]);
  }
});

Deno.test("std: --help is the command's own, but for plain commands and without one", () => {
  const help = (...words: string[]) => readStdCommand(words).help;
  assertEquals(help("deno", "run", "tasks/train.ts", "--help"), false);
  assertEquals(help("--task", "test", "deno", "test", "tests"), false);
  assertEquals(help("--task", "test", "deno", "test", "tests", "--help"), true);
  assertEquals([help(), help("--help")], [true, true]);
  const page = helpOf(readStdCommand(["--task", "test", "deno", "test", "-R", "tests", "-h"]), {
    test: { description: "Runs the tests" },
  });
  assertEquals(
    page,
    "Usage: deno task test [arguments]\n\nRuns the tests.\n\nRuns: deno test -R tests\n" +
      "Arguments are passed on to deno test.",
  );
});

/** Runs the program itself. */
async function std(env: Record<string, string>, ...args: string[]) {
  const script = fromFileUrl(new URL("../../.ci/std.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-config", "--no-prompt", "-R", "--allow-run", "--allow-env", script]
      .concat(args),
    env,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("std: a JSR_URL that is set is kept, arguments and exit code pass through, nothing is said", async () => {
  const program = "console.log(Deno.env.get('JSR_URL'), Deno.args.join()); Deno.exit(3)";
  const url = "file:///elsewhere/";
  const ran = await std({ JSR_URL: url, ELS_DEBUG: "" }, "deno", "eval", program, "a b", "--x=1");
  assertEquals(ran, { code: 3, out: `${url} a b,--x=1\n`, err: "" });
  const { code, out } = await std({}, "--help");
  assertEquals(code, 0);
  assertStringIncludes(out, "Usage: deno task std COMMAND");
  assert(!out.includes("undefined"), out);
});

Deno.test("std: verbs of users are told from tests and tools", () => {
  const verb = (line: string) => verbOf(line.split(" "));
  assertEquals(verb("deno run -q --no-prompt -R -W=. tasks/train.ts --help"), "train");
  assertEquals(verb("deno run -q -R tasks/receptive_field.ts"), "receptive-field");
  assertEquals(verb("deno run -q -R tasks/tools/ok.ts"), undefined);
  assertEquals(verb("deno test -R tests tasks/train.ts"), undefined);
  assertEquals(verb("deno run -q benchmarks/posterior.ts tasks/train.ts"), undefined);
});

Deno.test("std: a tool that may start deno may start the one that runs it, wherever that lies", () => {
  const args = ["run", "-R", "--allow-run=deno,python3", "x.ts", "deno"];
  const execPath = "/a/deno";
  assertEquals(withPrograms(args, { execPath, linkerIsSet: false }), [
    ...["run", "-R", "--allow-run=/a/deno,python3", "x.ts", "deno"],
  ]);
  assertEquals(withPrograms(args, { execPath, linkerIsSet: true })[2], "--allow-run");
});
