import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { embedFont, fontNeeds } from "../../src/figures/embed_font.ts";
import { type Report, reportHtml, reportPages } from "../../src/figures/report.ts";
import { reportOf } from "./report_data.ts";

const report: Report = {
  title: "Theory & network",
  summary: "A <small> run.",
  keyNumbers: [{ label: "median r²", value: "0.84", note: "20 samples" }],
  figures: [{
    svg:
      '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9"><style>*{}</style>' +
      '<linearGradient id="a"/><circle r="1" fill="#222222" stroke="url(#a)"/></svg>',
    caption: ["A dot.", "It is round."],
    files: [{ href: "dot.svg", label: "SVG" }],
  }],
  tables: [{ title: "Agreement", header: ["machine", "r²"], rows: [["IS", 0.3], ["LS", null]] }],
  files: [{ href: "numbers.csv", note: "all <numbers>" }],
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
      "<p>A dot.</p>\n<p>It is round.</p>",
      '<a href="dot.svg">SVG</a>',
      '<a href="numbers.csv">numbers.csv</a></th><td>all &lt;numbers&gt;</td>',
      '<th scope="row">IS</th><td class="number">0.3</td>',
      '<th scope="row">network.channels</th><td><code>48</code></td>',
      "<code>[3,5]</code>",
      '<th scope="row">seed</th><td><code>7</code></td>',
    ]
  ) assertStringIncludes(html, part);
  assert(!html.includes("<?xml"), "an XML declaration has no place in HTML");
  assert(!html.includes("off</"), "undefined settings are left out");
});

Deno.test("report: figures lose their own style for the page's, and names in them stay apart", () => {
  const html = reportHtml({ ...report, figures: [...report.figures!, ...report.figures!] });
  assertEquals(html.match(/<style>/g)?.length, 1);
  assertStringIncludes(
    html,
    '.sheet [fill="#222222"] { fill: light-dark(#222222,#ececf0); }',
  );
  for (const place of [1, 2]) {
    assertStringIncludes(html, `<linearGradient id="figure${place}-a"/>`);
    assertStringIncludes(html, `stroke="url(#figure${place}-a)"`);
  }
});

Deno.test("report: every element that is opened is closed", async () => {
  for (const html of [reportHtml(report), reportHtml(await reportOf(3))]) {
    const open: string[] = [];
    for (const [, close, name, self] of html.matchAll(/<(\/?)([a-z]\w*)[^>]*?(\/?)>/g)) {
      if (self === "/" || ["meta", "input", "img", "br"].includes(name!)) continue;
      if (close === "/") assertEquals(open.pop(), name);
      else open.push(name!);
    }
    assertEquals(open, []);
  }
});

Deno.test("report: loads nothing from elsewhere", async () => {
  for (const html of [reportHtml(report), reportHtml(await reportOf(3))]) {
    const own = html.replaceAll(/http:\/\/www\.w3\.org\/(2000\/svg|1999\/xlink)/g, "")
      .replaceAll(/url\(#/g, "").replaceAll(/(src|href)="data:/g, "");
    assert(!/https?:|url\(|@import|src=|<link/.test(own));
    assertStringIncludes(html, "default-src 'none'");
  }
});

Deno.test("report: parts that are not given leave no empty headings", () => {
  const html = reportHtml({ title: "T" });
  assert(!/<h[23]|<dl|<details|<nav/.test(html));
});

Deno.test("samples: each has its images, its class and its numbers", async () => {
  const html = reportHtml(await reportOf(12));
  assertEquals(html.match(/<li class="sample"/g)?.length, 12);
  assertStringIncludes(html, "Show all 12 samples, with r, r²</summary>");
  const card = /<li class="sample" id="sample-4".*?<\/ul><\/li>/.exec(html)![0];
  for (
    const part of [
      "<h3>Sample 4, class 1</h3>",
      'data-values="0.8"',
      'alt="network, sample 4"',
      "<strong>bbELS</strong><br>r\u00a00.800<br>r²\u00a00.800",
    ]
  ) assertStringIncludes(card, part);
  assertStringIncludes(html, 'id="sample-1" data-values="-"');
});

Deno.test("samples: what a page cannot hold goes on to more pages, which link to each other", async () => {
  const pages = reportPages(await reportOf(25), { sampleCharacters: 10_000 });
  assert(pages.length > 1, `${pages.length} page`);
  assertEquals(pages[0]!.file, "report.html");
  const ids = pages.flatMap(({ html }) => [...html.matchAll(/id="sample-(\d+)"/g)])
    .map(([, id]) => Number(id));
  assertEquals(ids, Array.from({ length: 25 }, (_, i) => i), "every sample, once, in order");
  const names = pages.map(({ file }) => file);
  for (const { file, html } of pages) {
    const list = /<ol class="samples">(.*)<\/ol>/s.exec(html)![1]!;
    assert(list.replaceAll("\n", "").length <= 10_000, `${file}: ${list.length} characters`);
    const linked = [...html.matchAll(/href="([^"#]*)#samples"/g)].map(([, href]) => href!);
    assertEquals(linked, names.filter((name) => name !== file));
  }
});

Deno.test("samples: other numbers of images, measures or classes are refused by name", async () => {
  const { samples } = await reportOf(4);
  const [kind] = samples!.kinds;
  const show = (changed: object) =>
    reportHtml({ title: "T", samples: { ...samples!, ...changed } });
  assertThrows(
    () => show({ classes: [1] }),
    RangeError,
    "found 1 entries of the classes, expected 4",
  );
  assertThrows(
    () => show({ kinds: [{ ...kind!, measures: [{ label: "r", values: [1] }] }] }),
    RangeError,
    "found 1 entries of r of network",
  );
  assertThrows(() => show({ kinds: [] }), RangeError, "expected some");
});

Deno.test("font: a document needs the characters that it shows, bold ones if it has any", () => {
  const svg = "<svg width='1'><style>xyz{}</style><text>a &lt; b</text></svg>";
  assertEquals(fontNeeds(svg), { characters: " <ab", bold: false });
  assertEquals(fontNeeds('<svg><text font-weight="bold">c</text></svg>').bold, true);
  assertEquals(fontNeeds("<h1>d</h1>").bold, true);
});

Deno.test("font: goes first into the style sheet, or into one of its own", () => {
  const options = {
    family: "Lato",
    faces: [{ weight: 400 as const, bytes: new Uint8Array([1, 2, 3]) }],
    notice: "free",
  };
  const face = '/*! free */@font-face{font-family:"Lato";font-weight:400;' +
    'src:url(data:font/woff2;base64,AQID) format("woff2")}';
  assertEquals(embedFont("<svg><g/></svg>", options), `<svg><style>${face}</style><g/></svg>`);
  assertEquals(
    embedFont("<head><style>p{}</style></head>", options),
    `<head><style>${face}p{}</style></head>`,
  );
});
