/** Which processes stand between a user and a command, told from what the system says of them. */
import { assertEquals } from "@std/assert";
import {
  launchersAmong,
  outlivesTerminal,
  parsePs,
  parseStat,
  parseWalk,
  type ProcessInfo,
  surroundings,
} from "../../.ci/launchers.ts";

function processOf(args: readonly string[], ignoresHangup = false): ProcessInfo {
  return { pid: 1, parent: 0, began: "", ended: false, args, ignoresHangup };
}

const inner = processOf(["/n/deno", "task", "-q", "std", "deno", "run", "tasks/train.ts"]);
const outer = processOf(["deno", "task", "train"]);
const shell = processOf(["-bash"]);

Deno.test("launchers: npx, its shell and tasks are ours, a user's shell and what is above it is not", () => {
  const ours = (...above: ProcessInfo[]) => launchersAmong(above).length;
  assertEquals(ours(inner, outer, shell), 2);
  const npx = processOf(["npm exec deno@2.9.6 task train --out /a/b"]);
  const ofNpx = processOf(["sh", "-c", "'deno' task train"]);
  assertEquals(ours(inner, outer, ofNpx, npx, shell), 4);
  const script = processOf(["node", "/home/me/node_modules/deno/bin.cjs", "task", "train"]);
  assertEquals(ours(inner, outer, script, shell), 3);
  // They start a run and may leave it alone: a script, Slurm's, a program of Node's.
  for (
    const args of [
      ["sh", "-c", "deno task train &"],
      ["/bin/bash", "job.sh", "deno"],
      ["slurmstepd: [12.batch]"],
      ["node", "start-deno.js"],
      ["tmux", "new", "deno task train"],
      ["systemd"],
    ]
  ) {
    assertEquals(ours(inner, outer, processOf(args), shell), 2, args.join(" "));
  }
});

Deno.test("launchers: nohup is told from what is above, or from the name that a shell leaves", () => {
  assertEquals(outlivesTerminal([inner, outer, shell], "/usr/bin/deno"), false);
  assertEquals(outlivesTerminal([inner, outer, shell], "/usr/bin/nohup"), true);
  assertEquals(outlivesTerminal([inner, processOf(["bash", "job.sh"], true)], undefined), true);
});

Deno.test("launchers: what Linux and macOS say of processes is read, whatever their names hold", () => {
  const fields = Array.from({ length: 20 }, (_, i) => i === 19 ? "777" : String(i)).slice(2);
  const stat = parseStat(`12 (a) b (c)) S 7 ${fields.join(" ")}\n`);
  assertEquals(stat, { pid: 12, parent: 7, began: "777", ended: false });
  assertEquals(parseStat(`13 (x) Z 7 ${fields.join(" ")}`)?.ended, true);
  assertEquals(parseStat("cat: /proc/9/stat: No such file"), undefined);
  assertEquals(parsePs("  12     7 S+   deno task train")?.args, ["deno", "task", "train"]);
  assertEquals(parsePs("  12     7 Z    (deno)")?.ended, true);
  const told = (pid: number, ignored: string) =>
    `Name:\tx (y\nPPid:\t7\nSigIgn:\t${ignored}\nSeccomp:\t0\n${pid} (x (y) S 7 ${
      fields.join(" ")
    }\n`;
  const walked = parseWalk(
    `max 1073741824 \n${told(12, "0000000000001001")}deno\0task\0a\nb\0` +
      `${told(13, "0000000000001000")}${told(14, "00")}sh\0`,
  );
  assertEquals(walked.memoryLimit, 2 ** 30);
  assertEquals(parseWalk("max 9223372036854771712 \n\n").memoryLimit, undefined);
  assertEquals(walked.above.map(({ pid, args, ignoresHangup }) => [pid, args, ignoresHangup]), [
    [12, ["deno", "task", "a\nb"], true],
    [13, [], false],
    [14, ["sh"], false],
  ]);
});

Deno.test({
  name: "launchers: the ancestors of this process are found",
  ignore: Deno.build.os !== "linux", // elsewhere `ps` is asked, which tests may not start
  async fn() {
    const { above: [self] } = await surroundings(Deno.pid);
    assertEquals([self?.pid, self?.parent, self?.ended], [Deno.pid, Deno.ppid, false]);
    assertEquals(self?.args.includes("test"), true);
  },
});
