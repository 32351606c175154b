/** The line of time under a film: steps with their scales, times and noise, and where the film is. */
import type { Film, FilmMoment } from "./film.ts";
import { windowColor } from "./film_patch.ts";
import { tones } from "./theme.ts";

/** Where the line is drawn. */
export interface TimelinePlace {
  readonly left: number;
  readonly width: number;
  readonly top: number;
}

/** Height of the highest bar. */
const barHeight = 44;
/** Width that a number takes. */
const numberWidth = 30;

/** Height of the whole line of time. */
export const timelineHeight: number = barHeight + 14 + 40;

/** Where the axis is, below the top of the line of time. */
export const axisBelow: number = 14 + barHeight;

/** Height of the strip below the axis that holds ticks and the mark of where the film is. */
export const stripHeight = 8;

/** Where steps begin. */
function places({ steps }: Film, { left, width }: TimelinePlace): (i: number) => number {
  return (i) => left + Math.round(i * width / steps.length);
}

/** Whether a step, or the end, has its numbers: where cells are narrow only every second, third .. has. */
function namedSteps({ steps: { length: n } }: Film, { width }: TimelinePlace) {
  const every = Math.ceil(numberWidth * n / width);
  return (i: number) => i === n || (i % every === 0 && n - i >= every);
}

/**
 * Draws the line of time without its mark: from left to right as the film runs, one cell for each step, as
 * high as its patches are wide.
 */
export function timelineSvg(film: Film, step: number, place: TimelinePlace): string {
  const { steps, final } = film;
  const x = places(film, place), named = namedSteps(film, place);
  const largest = Math.max(...steps.map(({ patchSize }) => patchSize ?? 0));
  const floor = place.top + axisBelow;
  const soft = ` fill="${tones.soft.light}"`;
  const text = (at: number, y: number, content: string, attributes = "") =>
    `<text x="${at}" y="${y}" text-anchor="middle"${attributes}>${content}</text>`;
  const cells = steps.map(({ patchSize }, i) => {
    const active = i === step;
    const height = patchSize === undefined
      ? barHeight
      : Math.max(3, Math.round(barHeight * patchSize / largest));
    const color = active ? windowColor : i < step ? bars.past : bars.next;
    const bar = `<rect x="${x(i) + 1}" y="${floor - height}" width="${x(i + 1) - x(i) - 2}" ` +
      `height="${height}" fill="${color}"/>`;
    if (!named(i) && !active) return bar;
    const style = active ? ` font-weight="bold" fill="${windowColor}"` : soft;
    return bar + text((x(i) + x(i + 1)) / 2, floor - height - 4, `${patchSize ?? "all"}`, style);
  });
  const numbers = [...steps, final].map(({ t, sigma }, i) =>
    named(i)
      ? text(x(i), floor + 19, timeText(t)) + text(x(i), floor + 35, rounded(sigma), soft)
      : ""
  );
  return [...cells, ...numbers].join("");
}

/** Draws the axis, its ticks, and the mark of where the film is: all that moves between steps. */
export function timelineStripSvg(
  film: Film,
  { step, point }: Pick<FilmMoment, "step" | "point">,
  place: TimelinePlace,
): string {
  const x = places(film, place), named = namedSteps(film, place);
  const floor = place.top + axisBelow;
  const path = film.steps[step]?.path.length ?? 0;
  const part = path === 0 ? 0 : (point + 1) / (path + 1);
  const at = Math.round(x(step) + (x(step + 1) - x(step)) * part);
  const gray = `height="1" fill="${tones.axis.light}"`;
  return `<rect x="${place.left}" y="${floor}" width="${place.width}" ${gray}/>` +
    [...film.steps, film.final].map((_, i) =>
      `<rect x="${x(i)}" y="${floor}" width="1" ${gray.replace("1", named(i) ? "5" : "3")}/>`
    ).join("") +
    `<path d="M${at - 5},${floor + stripHeight - 1}h10l-5,-7z" fill="${tones.ink.light}"/>`;
}

const bars = { past: "#b9b9c1", next: tones.grid.light } as const;

/** A time; those close to 1, as some grids have them, with one digit more. */
function timeText(t: number): string {
  return t < 1 && t >= 0.995 ? t.toFixed(3) : rounded(t);
}

/** A number for a tick: two decimals at most, one where it is large. */
export function rounded(value: number): string {
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  // Small noise is not none.
  if (value > 0 && value < 0.005) return "&lt;0.01";
  return value.toFixed(2);
}
