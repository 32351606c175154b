import { assert, assertEquals } from "@std/assert";
import { type RunCard, runsPageHtml } from "../../src/figures/runs_page.ts";

const card = (number: number, more: Partial<RunCard> = {}): RunCard => ({
  number,
  command: "train",
  label: `network-${number}`,
  state: "finished",
  started: "2026-01-02 03:04",
  numbers: [["loss", "0.05"]],
  links: [{ label: "report", href: `0000${number}-train/report.html` }],
  ...more,
});

Deno.test("runs page: the newest run is first, its picture leads to its first file", () => {
  const html = runsPageHtml([card(1), card(2, { picture: "00002-train/samples.png" })]);
  assert(html.indexOf("network-2") < html.indexOf("network-1"));
  assert(
    html.includes(
      '<a href="00002-train/report.html"><img loading="lazy" alt="" src="00002-train/samples.png"></a>',
    ),
    html,
  );
  assert(html.includes("2 runs, the newest first."));
  assert(!html.includes("Passed over"));
});

Deno.test("runs page: what comes from folders and files is text, whatever is in it", () => {
  const evil = '<img src=x onerror="alert(1)">';
  const html = runsPageHtml([
    card(1, {
      label: evil,
      state: evil,
      numbers: [[evil, evil]],
      links: [{ label: evil, href: `"${evil}` }],
      picture: `"${evil}`,
    }),
  ], { title: evil, problems: [evil] });
  assertEquals(html.includes(evil), false);
  assertEquals(html.match(/<img /g)?.length, 1);
});

Deno.test("runs page: it may load pictures beside it and nothing else", () => {
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(runsPageHtml([]))![1]!;
  assert(policy.startsWith("default-src 'none'"), policy);
  assert(policy.includes("img-src 'self' file: data:"), policy);
});
