import { assert, assertEquals } from "@std/assert";
import { type Report, reportHtml } from "../../src/figures/report.ts";

const report: Report = {
  title: "Theory & network",
  summary: "A <small> run.",
  keyNumbers: [{ label: "median r²", value: "0.84", note: "20 samples" }],
  figures: [{
    svg: '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><circle r="1"/></svg>',
    caption: "A dot.",
  }],
  tables: [{ title: "Agreement", header: ["machine", "r²"], rows: [["IS", 0.3], ["LS", null]] }],
  configuration: { steps: 20, network: { channels: 48 }, scales: [3, 5], off: undefined },
  provenance: { seed: 7 },
};

Deno.test("report: holds every part, escaped, with nested settings by dotted name", () => {
  const html = reportHtml(report);
  for (
    const part of [
      "<title>Theory &amp; network</title>",
      "A &lt;small&gt; run.",
      ">0.84</dd>",
      '<svg xmlns="http://www.w3.org/2000/svg"><circle r="1"/></svg>',
      '<td class="number">0.3</td>',
      "<td>network.channels</td><td><code>48</code></td>",
      "<code>[3,5]</code>",
      "<td>seed</td><td><code>7</code></td>",
    ]
  ) assert(html.includes(part), `${part} is missing`);
  assert(!html.includes("<?xml"), "an XML declaration has no place in HTML");
  assert(!html.includes("off"), "undefined settings are left out");
});

Deno.test("report: every element that is opened is closed", () => {
  const open: string[] = [];
  for (
    const [, close, name, self] of reportHtml(report).matchAll(/<(\/?)([a-z]\w*)[^>]*?(\/?)>/g)
  ) {
    if (self === "/" || name === "meta") continue;
    if (close === "/") assertEquals(open.pop(), name);
    else open.push(name!);
  }
  assertEquals(open, []);
});

Deno.test("report: loads nothing from elsewhere", () => {
  const html = reportHtml(report).replaceAll("http://www.w3.org/2000/svg", "");
  assert(!/https?:|url\(|@import|src=|<link|<script/.test(html));
});

Deno.test("report: parts that are not given leave no empty headings", () => {
  const html = reportHtml({ title: "T" });
  assert(!html.includes("<h2>") && !html.includes("<dl"));
});
