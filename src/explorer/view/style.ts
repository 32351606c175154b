import { fontFamily } from "../../figures/theme.ts";
import { colorStyle } from "./colors.ts";
import { partStyle } from "./part_style.ts";

/** Type, cards, buttons, sliders, and how they lie on a wide page and on a phone. */
const frame = `
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--desk); color: var(--ink); font: 15px/1.45 ${fontFamily}; }
.explorer { max-width: 100rem; margin: 0 auto; padding: 0 1.5rem 2rem; }
.explorer h1, .explorer h2, .explorer p, .explorer figure, .explorer ol, .explorer dl, .explorer dd {
  margin: 0; padding: 0; }
h1 { font-size: clamp(1.2rem, 1rem + 1vw, 1.6rem); line-height: 1.2; letter-spacing: -.01em; }
.explorer h2 { font-size: .95rem; font-weight: 700; }
.soft { color: var(--soft); }
[hidden] { display: none !important; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
sub { line-height: 0; }

.top { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; padding: 1rem 0 .75rem; }
.heading { flex: 1 1 20rem; }
.actions { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
.row { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; }

button, select, summary, input[type="number"] { font: inherit; font-size: .88rem; line-height: 1.2;
  color: var(--ink); background: var(--paper); border: 1px solid var(--axis); border-radius: 7px;
  padding: .42rem .7rem; min-height: 2.1rem; cursor: pointer; }
button:hover, select:hover, summary:hover { border-color: var(--ink); }
button.main { background: var(--accent); border-color: var(--accent); color: var(--paper); }
button.main:hover { border-color: var(--ink); }
button[aria-pressed="true"] { background: var(--ink); border-color: var(--ink); color: var(--paper); }
button:disabled { opacity: .45; cursor: default; border-color: var(--axis); }
button.icon { padding: .42rem .55rem; display: inline-flex; align-items: center; }
button.quiet { border-color: transparent; background: none; }
input[type="number"] { width: 8rem; cursor: text; }

.menu { position: relative; }
.menu summary { list-style: none; }
.menu summary::-webkit-details-marker { display: none; }
.menu .list { position: absolute; z-index: 20; right: 0; top: calc(100% + .3rem); display: grid;
  background: var(--paper); border: 1px solid var(--axis); border-radius: 8px; padding: .3rem;
  min-width: 11rem; box-shadow: 0 6px 24px rgb(0 0 0 / .18); }
.menu .list button { border: 0; text-align: left; background: none; }
.menu .list button:hover { background: var(--desk); }

fieldset { border: 0; margin: 0; padding: 0; min-width: 0; }
.segments, .theme { display: inline-flex; background: var(--paper); border: 1px solid var(--axis);
  border-radius: 7px; overflow: hidden; max-width: 100%; }
.segments { overflow-x: auto; }
.segments label, .theme label { position: relative; display: block; cursor: pointer; }
.segments input, .theme input { position: absolute; inset: 0; opacity: 0; margin: 0; cursor: pointer; }
.segments span, .theme span { display: block; padding: .42rem .7rem; font-size: .88rem;
  line-height: 1.2; white-space: nowrap; }
.segments label + label span, .theme label + label span { border-left: 1px solid var(--grid); }
.segments label:hover span, .theme label:hover span { background: var(--desk); }
.segments input:checked + span, .theme input:checked + span { background: var(--ink);
  color: var(--paper); }
.segments input:focus-visible + span, .theme input:focus-visible + span {
  outline: 3px solid var(--accent); outline-offset: -3px; border-radius: 7px; }

.card { background: var(--paper); border: 1px solid var(--grid); border-radius: 12px;
  padding: .9rem 1rem; contain: layout style; }
.columns { display: grid; gap: 1.25rem 2rem; grid-template-columns: minmax(0, 1fr) 25rem;
  align-items: start; }
.left { display: grid; gap: 1rem; grid-template-columns: repeat(2, minmax(0, 1fr)); min-width: 0; }
.left > .stage, .left > .dials, .left > .strip { grid-column: 1 / -1; }
.right { display: grid; gap: 1rem; min-width: 0; }
footer { padding: 1.5rem 0 0; font-size: .82rem; display: grid; gap: .2rem; }
footer p { overflow-wrap: anywhere; }

input[type="range"] { -webkit-appearance: none; appearance: none; width: 100%; height: 1.6rem;
  margin: 0; background: none; cursor: pointer; }
input[type="range"]::-webkit-slider-runnable-track { height: 4px; border-radius: 2px;
  background: linear-gradient(var(--accent), var(--accent)) 0 / var(--filled, 0%) 100% no-repeat,
    var(--axis); }
input[type="range"]::-moz-range-track { height: 4px; border-radius: 2px; background: var(--axis); }
input[type="range"]::-moz-range-progress { height: 4px; border-radius: 2px; background: var(--accent); }
input[type="range"]::-webkit-slider-thumb { -webkit-appearance: none; width: 18px; height: 18px;
  margin-top: -7px; border-radius: 50%; background: var(--accent); border: 2px solid var(--paper);
  box-shadow: 0 0 0 1px var(--accent); }
input[type="range"]::-moz-range-thumb { width: 14px; height: 14px; border-radius: 50%;
  background: var(--accent); border: 2px solid var(--paper); box-shadow: 0 0 0 1px var(--accent); }
input[type="range"]:disabled { opacity: .4; cursor: default; }

@media (max-width: 1099px) {
  .columns { grid-template-columns: minmax(0, 1fr); }
  .right { grid-template-columns: repeat(2, minmax(0, 1fr)); align-items: start; }
}
@media (max-width: 820px) {
  .right { grid-template-columns: minmax(0, 1fr); }
}
@media (max-width: 640px) {
  .explorer { padding: 0 1rem 1rem; }
  .heading { flex-basis: 100%; }
  .card { padding: .8rem .85rem; border-radius: 10px; }
}
@media print { .controls, .dials, .actions { display: none; } }
`.trim();

/** The style sheet of the page. */
export const explorerStyle: string = [colorStyle, frame, partStyle].join("\n");
