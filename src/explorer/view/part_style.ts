/** The looks of the page's own parts: images, dials, patches, formula, tour. */
export const partStyle = `
.controls { display: flex; flex-wrap: wrap; gap: .6rem 1.75rem; align-items: end;
  padding: 0 0 1rem; }
.choice > legend, .choice > label, .brush legend { padding: 0; margin: 0 0 .25rem; display: block;
  font-size: .8rem; color: var(--soft); }
.about-machine { flex: 1 1 20rem; font-size: .85rem; line-height: 1.3; align-self: end; min-height: 2.1rem;
  display: flex; align-items: center; }
.brush { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; flex: 1 1 100%; }
.brush p { font-size: .85rem; padding-bottom: .4rem !important; }

.stage { position: relative; display: grid; gap: .75rem 1rem;
  grid-template-columns: repeat(3, minmax(0, 1fr)); }
.stage figcaption { display: grid; margin-bottom: .35rem; font-size: .88rem; line-height: 1.35; }
.stage figcaption .soft { font-variant-numeric: tabular-nums; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; min-height: 1.35em; }
.screen { position: relative; width: var(--side, 100%); max-width: 100%; aspect-ratio: 1;
  background: var(--paper); box-shadow: 0 0 0 1px var(--grid); }
.screen canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
.screen .pixels { image-rendering: pixelated; }
.screen .marks { pointer-events: none; }
.stage .screen { cursor: crosshair; touch-action: manipulation; }
.drawing .noisy .screen { touch-action: none; box-shadow: 0 0 0 3px var(--lit); }
.cursor:focus-visible { outline-offset: 3px; }
.stale .denoised .screen { opacity: .75; }
.wait { position: absolute; left: 0; right: 0; bottom: -.55rem; height: 3px; border-radius: 2px;
  background: var(--grid); overflow: hidden; }
.wait span { display: block; height: 100%; width: 0; background: var(--accent); }

.dials { display: grid; gap: .5rem; }
.dial { display: grid; grid-template-columns: 6rem 10.5rem 8.2rem minmax(0, 1fr);
  gap: 0 .75rem; align-items: center; }
.dial > label, .dial > legend { font-weight: 700; font-size: .88rem; padding: 0; }
.dial output { font-size: .88rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
.dial .buttons { display: flex; gap: .3rem; min-height: 2.1rem; }
.track { display: grid; }
.ends { display: flex; justify-content: space-between; font-size: .75rem; color: var(--soft);
  margin-top: -.35rem; }
fieldset.view { display: flex; flex-wrap: wrap; gap: .4rem .75rem; align-items: center; }
fieldset.view legend { float: left; }
.legend { flex: 1 1 100%; display: flex; flex-wrap: wrap; gap: .35rem .9rem; align-items: center;
  font-size: .8rem; color: var(--soft); min-height: 2.4rem; }
.legend figure { display: inline-flex; gap: .35rem; align-items: center; }
.legend canvas { width: 32px; height: 32px; image-rendering: pixelated; display: block; }
.legend .source canvas { border: 3px solid var(--of); width: 38px; height: 38px; border-radius: 3px; }
.legend .ramp { display: inline-block; width: 10rem; height: .8rem; border-radius: 3px;
  border: 1px solid var(--grid); }

.pair { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center; margin-top: .5rem; }
.pair figure { width: 96px; }
.pair .screen { width: 96px; }
.pair figcaption { font-size: .78rem; color: var(--soft); margin-top: .2rem; }
.big { display: grid; font-size: 1.5rem; line-height: 1.1; font-weight: 700; color: var(--accent);
  font-variant-numeric: tabular-nums; flex: 1 1 6rem; max-width: 9rem; }
.big small { font-size: .78rem; line-height: 1.3; font-weight: 400; color: var(--soft);
  margin-top: .2rem; }

.strip .scroll { overflow-x: auto; margin-top: .5rem; }
.strip .scroll { position: relative; }
.strip canvas { display: block; cursor: pointer; }
.strip .here { position: absolute; left: 0; top: 0; bottom: 0; border: 2px solid var(--accent);
  border-radius: 6px; pointer-events: none; }

.pins { display: flex; flex-wrap: wrap; gap: .35rem; }
.pin { display: inline-flex; align-items: stretch; border: 1px solid var(--axis); border-radius: 999px;
  overflow: hidden; background: var(--paper); }
.pin button, .pin button[aria-pressed="true"] { border: 0; border-radius: 0; background: none;
  color: var(--ink); min-height: 1.8rem; padding: .2rem .5rem;
  display: inline-flex; gap: .35rem; align-items: center; font-variant-numeric: tabular-nums; }
.pin svg path { fill: var(--of); }
.pin.chosen { border-color: var(--of); box-shadow: 0 0 0 1px var(--of); }
.pin button + button { padding: .2rem .5rem; min-width: 1.6rem; color: var(--soft); }
.chosen-pixel { display: flex; flex-wrap: wrap; gap: .35rem .7rem; align-items: center; margin-bottom: .6rem;
  min-height: 1.9rem; }
.hint { font-size: .8rem; line-height: 1.3; flex: 1 1 8rem; }
.mass { height: 12px; border-radius: 3px; overflow: hidden; margin: 0 0 .5rem;
  background: var(--parts, none) no-repeat, repeating-linear-gradient(45deg, var(--grid) 0 3px, var(--desk) 3px 6px);
  box-shadow: 0 0 0 1px var(--grid); }
.facts { font-size: .85rem; color: var(--soft); min-height: 1.3em; contain: layout; margin: .1rem 0 .4rem !important;
  font-variant-numeric: tabular-nums; }
.facts b { color: var(--ink); }
.patches { list-style: none; display: grid; gap: 2px; }
.patches li { contain: layout style; height: 40px; }
.patches button { width: 100%; height: 100%; display: grid; grid-template-columns: 32px 3.4rem minmax(0, 1fr) 7.4rem;
  gap: .6rem; align-items: center; border: 1px solid transparent; background: none; padding: 2px 6px 2px 2px;
  text-align: left; font-variant-numeric: tabular-nums; min-height: 0; border-radius: 6px; }
.patches button:hover { background: var(--desk); }
.patches button[aria-current="true"] { border-color: var(--of, var(--accent)); background: var(--desk); }
.patches canvas, .rest .hatch { width: 32px; height: 32px; display: block; image-rendering: pixelated;
  box-shadow: 0 0 0 1px var(--grid); background: var(--desk); }
.bar { height: 10px; border-radius: 2px; background: var(--grid); overflow: hidden; }
.bar span { display: block; height: 100%; background: var(--of, var(--accent)); transform: scaleX(0);
  transform-origin: left; }
.patches .from { color: var(--soft); font-size: .8rem; text-align: right; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; }
.rest { display: grid; grid-template-columns: 32px 3.4rem minmax(0, 1fr); gap: .6rem;
  align-items: center; padding: 4px 7px 2px 3px; font-size: .88rem; font-variant-numeric: tabular-nums;
  border-top: 1px solid var(--grid); margin-top: 4px; }
.rest:empty { display: none; }
.rest .hatch { background: repeating-linear-gradient(45deg, var(--grid) 0 3px, transparent 3px 7px); }
.rest .from { color: var(--soft); font-size: .8rem; text-align: right; }
.training { margin-top: .8rem; border-top: 1px solid var(--grid); padding-top: .7rem; }
.training .screen { width: 128px; }
.training p { flex: 1 1 9rem; font-size: .85rem; }

.formula { content-visibility: auto; contain-intrinsic-size: auto 26rem; }
.formula .math { margin: .6rem 0; overflow-x: auto; font-size: 1.15rem; line-height: 1.6; }
.formula math { display: block math; text-align: left; margin: .35rem 0; width: fit-content; }
.formula [data-term] { cursor: help; }
.formula math [data-term].lit { background: color-mix(in srgb, var(--lit) 25%, transparent);
  border-radius: 3px; }
.terms { display: grid; grid-template-columns: 1fr; font-size: .85rem; }
.terms > div, .terms dd { display: grid; grid-template-columns: 3.2rem minmax(0, 1fr); gap: .5rem;
  align-items: baseline; }
.terms dd { grid-template-columns: 5rem minmax(0, 1fr); border-radius: 4px; }
.terms > div { padding: .22rem .4rem; border-radius: 5px; cursor: help; }
.terms > div.lit { background: color-mix(in srgb, var(--lit) 14%, transparent); }
.terms dt { font-style: italic; font-family: Cambria, "STIX Two Math", Georgia, serif; font-size: 1rem; }
.terms .value { font-variant-numeric: tabular-nums; white-space: nowrap; }
.terms .what { color: var(--soft); }
.lit-part { outline: 3px solid var(--lit); outline-offset: 3px; border-radius: 4px; }

.notice { position: fixed; z-index: 40; left: 50%; bottom: 1.2rem; transform: translateX(-50%);
  max-width: min(36rem, calc(100vw - 2rem)); background: var(--ink); color: var(--paper);
  border-radius: 8px; padding: .6rem 1rem; font-size: .88rem; overflow-wrap: anywhere; }
.tour { position: fixed; z-index: 30; bottom: 1.25rem; left: 1.25rem; width: min(27rem, calc(100vw - 2.5rem));
  background: var(--paper); color: var(--ink); border: 1px solid var(--axis); border-radius: 14px;
  padding: 1rem 1.15rem; box-shadow: 0 12px 48px rgb(0 0 0 / .28); max-height: 60vh; overflow-y: auto; }
.tour.right-side { left: auto; right: 1.25rem; }
.tour.top-side { bottom: auto; top: 1.25rem; }
.explorer .tour h2 { font-size: 1.12rem; margin: .1rem 0 .4rem; outline: none; }
.explorer .tour [data-at="tour-text"] p { margin: 0 0 .55rem; }
.explorer .tour .try { border-left: 3px solid var(--lit); padding-left: .7rem; }
.tour-head, .tour-foot { display: flex; gap: .5rem; align-items: center; justify-content: space-between; }
.tour-head p { font-size: .82rem; }
.tour-foot { margin-top: .5rem; }
.dots { display: flex; gap: .3rem; margin-right: auto; }
.dots span { width: 8px; height: 8px; border-radius: 50%; background: var(--grid); }
.dots span.here { background: var(--accent); }
.marked { outline: 3px solid var(--lit); outline-offset: 5px; border-radius: 6px; }
.touring { padding-bottom: 45vh; }

@media (max-width: 640px) {
  main, .left, .right { display: flex; flex-direction: column; gap: 1rem; align-items: stretch; }
  .columns, .left, .right { display: contents; }
  .controls { order: 0; }
  .stage { order: 1; }
  .dials { order: 2; }
  .panel { order: 3; }
  .ends-card, .origin { order: 4; }
  .strip { order: 5; }
  .formula { order: 6; }
  .stage { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .denoised { grid-column: 1 / -1; order: -1; }
  .controls { gap: .6rem; padding: 0; }
  .actions { gap: .35rem; }
  .theme span { padding: .42rem .5rem; }
  .controls .choice { max-width: 100%; }
  .dial { grid-template-columns: auto 1fr auto; }
  .dial output { text-align: left; }
  .dial .track { grid-column: 1 / -1; }
  .dial.time { position: fixed; left: 0; right: 0; bottom: 0; z-index: 10; background: var(--desk);
    padding: .35rem 1rem .4rem; border-top: 1px solid var(--grid); }
  .explorer { padding-bottom: 6.5rem; }
  .explorer.touring { padding-bottom: 50vh; }
  .touring .dial.time { position: static; padding: 0; border: 0; }
  .tour, .tour.right-side, .tour.top-side { left: 0; right: 0; bottom: 0; top: auto; width: 100%; max-height: 46vh;
    border-radius: 14px 14px 0 0; border-width: 1px 0 0; }
}
`.trim();
