/** What is written for shells and batch systems, read back by them. */
import { assertEquals, assertThrows } from "@std/assert";
import { indexList, parseIndexList } from "../../../tasks/cluster/index_list.ts";
import { checkMemory, timeSeconds } from "../../../tasks/cluster/resources.ts";
import { shellLine } from "../../../tasks/cluster/shell_word.ts";

/** Words that shells would change: each kind of quote, expansion, separator and pattern. */
const hostileWords = [
  "plain",
  "",
  "two words",
  "it's",
  '"quoted"',
  "$HOME ${x} $(id) `id`",
  "a\\b",
  "line\nbreak",
  "* ? [a] ~ {1,2} !x",
  "a;b|c&d>e<f#g",
  "--flag=x y",
  "-n",
  "größe",
  "100%",
];

Deno.test("shell words: a shell reads back exactly what was written", {
  ignore: Deno.build.os === "windows",
}, async () => {
  const line = `for word in ${shellLine(hostileWords)}; do printf '%s\\0' "$word"; done`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", line] }).output();
  assertEquals(new TextDecoder().decode(stdout).split("\0").slice(0, -1), hostileWords);
});

Deno.test("index lists: runs of numbers, in any order, there and back", () => {
  for (
    const [numbers, text] of [
      [[], ""],
      [[7], "7"],
      [[3, 1, 2, 2], "1-3"],
      [[9, 1, 3, 4, 10], "1,3-4,9-10"],
    ] as const
  ) {
    assertEquals(indexList(numbers), text);
    assertEquals(parseIndexList(text), [...new Set(numbers)].sort((a, b) => a - b));
  }
});

Deno.test("resources: times as Slurm reads them, memory in units of 1024", () => {
  const minute = 60;
  for (
    const [text, seconds] of [
      ["90", 90 * minute],
      ["5:30", 5 * minute + 30],
      ["1:30:00", 90 * minute],
      ["2-12", 60 * 60 * minute],
      ["2-12:30", (60 * 60 + 30) * minute],
      ["1-0:0:5", 24 * 60 * minute + 5],
    ] as const
  ) assertEquals(timeSeconds(text), seconds, text);
  for (const text of ["", "2h", "1:2:3:4", "-5", "1-"]) {
    assertThrows(() => timeSeconds(text), Error, "--time is");
  }
  checkMemory("512M");
  for (const text of ["4", "4GB", "0G", "1.5G", "4G\nx"]) {
    assertThrows(() => checkMemory(text), Error, "--memory is");
  }
});
