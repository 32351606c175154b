/** From nothing to the largest value: white to almost black, through the first color of plots. */
const colors = [[255, 255, 255], [143, 195, 224], [0, 114, 178], [6, 30, 48]] as const;

/** Color of a level from 0 (white) to 1 (almost black) in maps: red, green, blue, 0 to 255, not rounded. */
export function levelColor(level: number): number[] {
  const place = Math.min(Math.max(level, 0), 1) * (colors.length - 1);
  const i = Math.min(Math.floor(place), colors.length - 2);
  return colors[i]!.map((from, c) => from + (place - i) * (colors[i + 1]![c]! - from));
}
