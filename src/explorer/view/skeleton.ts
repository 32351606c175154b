/** The page before its script runs: everything that does not depend on what it is about. */
import { escapeXml } from "../../figures/xml.ts";
import type { ExplorerPart } from "../contract.ts";
import { icons } from "./icons.ts";

/** What the skeleton may say before the script does. */
export interface SkeletonOptions {
  /** What the page is about, such as "MNIST, ResNet with zero padding". */
  readonly title?: string;
}

const part = (name: ExplorerPart) => `data-part="${name}"`;

const screen = (name: string, label: string) =>
  `<div class="screen" data-at="${name}"><canvas class="pixels" role="img" aria-label="${label}"></canvas>` +
  `<canvas class="marks" aria-hidden="true"></canvas></div>`;

const views = [
  ["image", "image", "The denoised image as it is"],
  ["source", "sources", "Each pixel in the color of the training image that gave most of it"],
  ["copied", "copied", "Each pixel as its heaviest patch has it"],
  ["shift", "shift", "How far each pixel's heaviest patch lies from it"],
  ["weight", "weight", "Weight of each pixel's heaviest patch"],
  ["entropy", "entropy", "How many patches share each pixel"],
] as const;

const header = (title: string) => `
<header class="top">
  <div class="heading">
    <h1>Which training patches made this image?</h1>
    <p class="soft" data-at="about">${escapeXml(title)}</p>
  </div>
  <div class="actions">
    <button type="button" class="main" data-at="tour-start">Take the tour</button>
    <details class="menu" data-at="export"><summary>Export</summary>
      <div class="list">
        <button type="button" data-export="png">Picture (PNG)</button>
        <button type="button" data-export="svg">Figure (SVG)</button>
        <button type="button" data-export="json">Numbers (JSON)</button>
        <button type="button" data-export="link">Copy link</button>
      </div>
    </details>
    <fieldset class="theme" hidden><legend class="unseen">Theme</legend>${
  ["auto", "light", "dark"].map((value) =>
    `<label><input type="radio" name="theme" value="${value}"><span>${value}</span></label>`
  ).join("")
}</fieldset>
  </div>
</header>`;

const controls = `
<section class="controls" aria-label="What is generated, and by what">
  <fieldset class="choice" ${part("machine")}><legend>Machine</legend>
    <div class="segments" data-at="machines"></div>
  </fieldset>
  <div class="choice"><label for="noise-choice">Noise</label>
    <div class="row">
      <select id="noise-choice" data-at="noise-choice"></select>
      <input type="number" min="0" step="1" aria-label="Seed of the noise" data-at="seed" hidden>
      <button type="button" data-at="new-noise">New noise</button>
      <button type="button" data-at="draw" aria-pressed="false">Draw</button>
      <button type="button" data-at="undraw" hidden>Undo drawing</button>
    </div>
  </div>
  <div class="choice" data-at="class-choice" hidden><label for="class">Class</label>
    <select id="class" data-at="class"></select>
  </div>
  <div class="choice brush" data-at="brush" hidden>
    <fieldset><legend>Brush</legend><div class="segments" data-at="brush-values"></div></fieldset>
    <p class="soft">Draw on the noisy image at the left; on the keyboard Enter paints at the pin.</p>
  </div>
  <p class="soft about-machine" data-at="about-machine"></p>
</section>`;

const stage = `
<section class="stage" aria-label="Images at this step">
  <figure class="noisy" ${part("noise")}><figcaption><strong>Noisy image</strong>
    <span class="soft" data-at="noisy-caption">x<sub>t</sub></span></figcaption>
    ${screen("noisy", "Noisy image")}</figure>
  <figure class="denoised" ${part("machine-image")}><figcaption><strong>Machine’s guess</strong>
    <span class="soft" data-at="machine-caption"></span></figcaption>
    <div class="cursor" role="application" tabindex="0" data-at="cursor" aria-roledescription="image to explore" aria-label="Machine’s guess" aria-describedby="cursor-help">
    ${screen("denoised", "Machine’s guess")}</div>
    <p class="unseen" id="cursor-help">Arrow keys move the pin, with Shift by four pixels. Enter adds a pin, Tab leaves, Escape removes the pin.</p></figure>
  <figure class="network" ${part("network-image")}><figcaption><strong>Network’s guess</strong>
    <span class="soft" data-at="network-caption"></span></figcaption>
    ${screen("network", "Network’s guess")}</figure>
  <div class="wait" data-at="wait" hidden><span data-at="wait-bar"></span></div>
</section>`;

const dials = `
<section class="dials" aria-label="Time, patch size and view">
  <div class="dial time" ${part("time")}>
    <label for="time">Time</label>
    <output for="time" data-at="time-text"></output>
    <div class="buttons">
      <button type="button" class="icon" data-at="step-back" aria-label="Step back, to more noise">${icons.back}</button>
      <button type="button" class="icon main" data-at="play" aria-label="Play">${icons.play}</button>
      <button type="button" class="icon" data-at="step-forth" aria-label="Step on, to less noise">${icons.forth}</button>
    </div>
    <div class="track"><input type="range" id="time" data-at="time" min="0" max="1" value="0" step="1">
      <span class="ends" aria-hidden="true"><span>noise</span><span>image</span></span></div>
  </div>
  <div class="dial size" ${part("patch-size")}>
    <label for="size">Patch size</label>
    <output for="size" data-at="size-text"></output>
    <div class="buttons"><button type="button" data-at="calibrated" hidden>As calibrated</button></div>
    <div class="track"><input type="range" id="size" data-at="size" min="0" max="1" value="0" step="1">
      <span class="ends" aria-hidden="true"><span>looks nearby</span><span>looks farther</span></span></div>
  </div>
  <fieldset class="dial view" ${part("mosaic")}><legend>Show the guess as</legend>
    <div class="segments">${
  views.map(([value, name, title]) =>
    `<label title="${title}"><input type="radio" name="view" value="${value}"><span>${name}</span></label>`
  ).join("")
}</div>
    <div class="legend" data-at="legend" hidden></div>
  </fieldset>
</section>`;

const ends = `
<section class="ends-card card" ${part("final-images")} aria-labelledby="ends-title">
  <h2 id="ends-title">Final images</h2>
  <div class="pair">
    <figure>${
  screen("final-machine", "The machine’s final image")
}<figcaption>machine</figcaption></figure>
    <figure>${
  screen("final-network", "The network’s final image")
}<figcaption>network</figcaption></figure>
    <p class="big"><span data-at="agreement">–</span><small>r² of the two</small></p>
  </div>
</section>
<section class="origin card" aria-labelledby="origin-title">
  <h2 id="origin-title">Which training images</h2>
  <div class="pair">
    <figure>${
  screen("nearest", "Nearest training image")
}<figcaption data-at="nearest-caption">nearest</figcaption></figure>
    <p class="big"><span data-at="share">–</span><small data-at="share-text">largest share of one training image</small></p>
    <p class="big"><span data-at="images">–</span><small data-at="images-text">training images hold 90 % of it</small></p>
  </div>
</section>
<section class="strip card" ${part("strip")} aria-labelledby="strip-title">
  <h2 id="strip-title">Heaviest patches of this pixel, step by step</h2>
  <div class="scroll"><canvas data-at="strip" role="img" aria-label="Heaviest patches by step"></canvas><span class="here" data-at="strip-here"></span></div>
</section>`;

const panel = `
<aside class="panel card" aria-label="The chosen pixel">
  <div class="chosen-pixel"><div class="pins" data-at="pins" role="group" aria-label="Pins"></div>
  <p class="soft hint" data-at="hint">Point at an image to look at a pixel; click to pin it.</p></div>
  <section ${part("patches")} aria-labelledby="patches-title">
    <h2 id="patches-title">Patches that made this pixel</h2>
    <p class="facts" data-at="facts"></p>
    <div class="mass" data-at="mass" role="img" aria-label="Weights of the patches"></div>
    <ol class="patches" data-at="patches"></ol>
    <div class="rest" data-at="rest"></div>
  </section>
  <section class="training" ${part("training-image")} aria-labelledby="training-title">
    <h2 id="training-title">Where it comes from</h2>
    <div class="pair">${screen("training", "Training image")}
    <p data-at="training-caption"></p></div>
  </section>
</aside>`;

const formula = `
<section class="formula card" ${part("formula")} aria-labelledby="formula-title">
  <h2 id="formula-title">The formula, with this pixel’s numbers</h2>
  <div class="math" data-at="formula"></div>
  <dl class="terms" data-at="terms"></dl>
</section>`;

const footer = `
<footer class="soft">
  <p data-at="engine"></p>
  <p data-at="credit"></p>
</footer>
<div class="notice" data-at="notice" role="status" hidden></div>
<div class="unseen" data-at="live" aria-live="polite"></div>
<section class="tour" data-at="tour" role="dialog" aria-modal="false" aria-labelledby="tour-title" hidden>
  <div class="tour-head"><p class="soft" data-at="tour-count"></p>
    <button type="button" class="icon quiet" data-at="tour-leave" aria-label="Leave the tour">${icons.close}</button></div>
  <h2 id="tour-title" tabindex="-1" data-at="tour-title"></h2>
  <div data-at="tour-text"></div>
  <div class="tour-foot"><div class="dots" data-at="tour-dots" aria-hidden="true"></div>
    <button type="button" data-at="tour-back">Back</button>
    <button type="button" class="main" data-at="tour-next">Next</button></div>
</section>`;

/**
 * The page's body as HTML: what {@linkcode mountExplorer} fills and wires. It can be read, and takes its room,
 * before the script runs.
 */
export function explorerSkeleton(options: SkeletonOptions = {}): string {
  return `<div class="explorer">${header(options.title ?? "")}
<main>
<noscript><p class="notice">This page computes in the browser: it needs JavaScript.</p></noscript>
${controls}
<div class="columns"><div class="left">${stage}${dials}${ends}</div>
<div class="right">${panel}${formula}</div></div>
</main>${footer}</div>`;
}
