import { colorsOf } from "./dark_variant.ts";
import { fontFamily, type Tone, tones } from "./theme.ts";

const roles = ["ink", "soft", "accent", "paper", "desk", "grid"] as const;
const either = ({ light, dark }: Tone) => `light-dark(${light},${dark})`;

/** Colors by role, for both themes; browsers that cannot choose stay light. */
const colors = [
  ":root {",
  "  color-scheme: light dark;",
  ...roles.map((role) => `  --${role}: ${either(tones[role])};`),
  "}",
  ':root[data-theme="light"] { color-scheme: light; }',
  ':root[data-theme="dark"] { color-scheme: dark; }',
  "@supports not (color: light-dark(#000,#fff)) {",
  `  :root { color-scheme: light; ${
    roles.map((role) => `--${role}: ${tones[role].light};`).join(" ")
  } }`,
  "}",
  "@media print { :root, :root[data-theme] { color-scheme: light; } }",
].join("\n");

const layout = `
* { box-sizing: border-box; }
body { margin: 0; background: var(--desk); color: var(--ink); font: 16px/1.5 ${fontFamily}; }
main { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem 4rem; }
header { max-width: 62rem; margin: 0 auto; padding: 1rem 1.25rem; display: flex; gap: 1rem;
  justify-content: space-between; align-items: center; flex-wrap: wrap; }
h1 { font-size: clamp(1.35rem, 1.1rem + 1.5vw, 1.8rem); line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 0 0 .5rem; }
p { margin: 0 0 1rem; max-width: 44rem; }
a { color: var(--accent); overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.soft, figcaption { color: var(--soft); font-size: .9rem; }
.theme { border: 0; margin: 0 0 0 auto; padding: 0; display: flex; gap: .25rem 1rem;
  align-items: center; font-size: .9rem; }
.theme legend { float: left; padding: 0; color: var(--soft); }
.theme label { display: inline-flex; gap: .35rem; align-items: center; padding: .3rem 0; }
.theme[hidden], [hidden] { display: none; }
.numbers { display: grid; gap: .75rem; margin: 1.5rem 0 0; padding: 0;
  grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); }
.numbers div { background: var(--paper); border: 1px solid var(--grid); border-radius: 8px;
  padding: .8rem 1rem; }
.numbers dt { color: var(--soft); font-size: .85rem; }
.numbers dd { margin: 0; }
.numbers .value { font-size: 1.6rem; font-weight: 700; color: var(--accent);
  font-variant-numeric: tabular-nums; }
figure { margin: 0 0 2rem; }
.sheet { background: var(--paper); border: 1px solid var(--grid); border-radius: 8px;
  padding: .75rem; overflow-x: auto; }
.sheet svg { display: block; width: var(--width); max-width: 100%;
  min-width: calc(.7 * var(--width)); height: auto; margin: 0 auto; }
figcaption { margin-top: .6rem; max-width: 46rem; }
figcaption p { margin: 0 0 .4rem; max-width: none; }
.files { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; margin: 0; padding: 0; }
.links { list-style: none; margin: 0 0 1rem; padding: 0; max-width: 44rem; }
.scroll { overflow-x: auto; }
.scroll + .soft { margin-top: .6rem; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .9rem .3rem 0; text-align: left; border-bottom: 1px solid var(--grid);
  vertical-align: top; font-weight: 400; }
thead th { font-weight: 700; }
td.number, th.number { text-align: right; white-space: nowrap; }
td.number + td.number, th.number + th.number { padding-left: .5rem; }
th a { overflow-wrap: normal; }
td code { font: .85rem ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
summary { cursor: pointer; padding: .5rem 0; font-weight: 700; }
.order { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: 0 0 1rem; }
select { font: inherit; font-size: .92rem; color: var(--ink); background: var(--paper);
  border: 1px solid var(--soft); border-radius: 4px; padding: .2rem .4rem; max-width: 100%; }
.samples { list-style: none; margin: 0; padding: 0; display: grid; gap: .75rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 28rem), 1fr)); }
.sample { background: var(--paper); border: 1px solid var(--grid); border-radius: 8px;
  padding: .75rem 1rem; break-inside: avoid; }
.sample ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .5rem; }
.sample ul li { font-size: .8rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
.sample img { display: block; image-rendering: pixelated; margin-bottom: .25rem; }
.pages { display: flex; flex-wrap: wrap; gap: .3rem 1rem; list-style: none; margin: 0 0 1rem;
  padding: 0; }
@media print { body { background: none; } figure, .numbers div, tr { break-inside: avoid; }
  .theme, .order { display: none; } .sheet { border: 0; padding: 0; overflow: visible; }
  .sheet svg { min-width: 0; } }
`.trim();

/** The style sheet of a page with these figures: their colors follow its theme, pictures in them do not. */
export function reportStyle(figures: readonly string[]): string {
  const uses = new Map(
    figures.flatMap(colorsOf).map((use) => [`${use.attribute} ${use.value}`, use]),
  );
  const rules = [...uses.values()].map(({ attribute, value, dark }) =>
    `.sheet [${attribute}="${value}"] { ${attribute}: light-dark(${value},${dark}); }`
  );
  return [colors, layout, ...rules].join("\n");
}
