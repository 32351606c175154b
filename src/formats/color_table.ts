/** A table of at most so many colors for a picture that may have more. */

/** The colors of a table, and which of them stands for each color of the picture. */
export interface ColorTable {
  /** 0xRRGGBB, ascending. */
  readonly colors: readonly number[];
  /** Place in the table by color of the picture. */
  readonly placeOf: ReadonlyMap<number, number>;
}

/** Colors that are told apart before any are merged; the time grows with the square. */
const MOST = 2048;

/**
 * Makes a table of the colors of a picture: of exactly these where they are few enough. Else those whose
 * merging errs least, by the squares of the differences summed over the pixels, are merged pair by pair
 * (Equitz 1989, pairwise nearest neighbors), each pair to its mean.
 *
 * @param counts Number of pixels by color, 0xRRGGBB.
 * @param most Colors of the table, from 1.
 */
export function colorTable(counts: ReadonlyMap<number, number>, most: number): ColorTable {
  const exact = [...counts.keys()].sort((a, b) => a - b);
  if (exact.length <= most) return tableOf(exact.map((color) => [color, color]));
  const groups = groupsOf(exact, counts);
  const { weight, red, green, blue, members } = groups;
  const nearest = new Int32Array(weight.length);
  const cost = new Float64Array(weight.length);
  const alive = Int32Array.from(weight.keys());
  let count = alive.length;
  const find = (i: number) => {
    const own = weight[i]!, ownRed = red[i]!, ownGreen = green[i]!, ownBlue = blue[i]!;
    let least = Infinity, found = i;
    for (let at = 0; at < count; at++) {
      const j = alive[at]!;
      if (j === i) continue;
      const r = ownRed - red[j]!, g = ownGreen - green[j]!, b = ownBlue - blue[j]!;
      const error = own * weight[j]! / (own + weight[j]!) * (r * r + g * g + b * b);
      if (error < least) {
        least = error;
        found = j;
      }
    }
    cost[i] = least;
    nearest[i] = found;
  };
  for (const i of alive) find(i);
  while (count > most) {
    let best = alive[0]!;
    for (let at = 1; at < count; at++) if (cost[alive[at]!]! < cost[best]!) best = alive[at]!;
    const gone = nearest[best]!;
    const sum = weight[best]! + weight[gone]!;
    for (const channel of [red, green, blue]) {
      channel[best] = (weight[best]! * channel[best]! + weight[gone]! * channel[gone]!) / sum;
    }
    weight[best] = sum;
    members[best]!.push(...members[gone]!);
    alive[alive.indexOf(gone)] = alive[--count]!;
    // A merged group is farther from all others than its parts were: what was nearer stays nearest.
    for (let at = 0; at < count; at++) {
      const i = alive[at]!;
      if (i === best || nearest[i] === best || nearest[i] === gone) find(i);
    }
  }
  return tableOf([...alive.subarray(0, count)].flatMap((i) => {
    const mean = Math.round(red[i]!) << 16 | Math.round(green[i]!) << 8 | Math.round(blue[i]!);
    return members[i]!.map((color) => [color, mean] as const);
  }));
}

function tableOf(stands: readonly (readonly [color: number, inTable: number])[]): ColorTable {
  const colors = [...new Set(stands.map(([, inTable]) => inTable))].sort((a, b) => a - b);
  const places = new Map(colors.map((color, place) => [color, place]));
  return {
    colors,
    placeOf: new Map(stands.map(([color, inTable]) => [color, places.get(inTable)!])),
  };
}

/** The groups to begin with: one for each color, or for each cell of a grid where colors are too many. */
function groupsOf(exact: readonly number[], counts: ReadonlyMap<number, number>) {
  let bits = 8;
  const cellOf = (color: number) => {
    const mask = 0xff & (0xff << (8 - bits));
    return color & (mask << 16 | mask << 8 | mask);
  };
  while (bits > 4 && new Set(exact.map(cellOf)).size > MOST) bits--;
  const cells = new Map<number, number[]>();
  for (const color of exact) {
    const cell = cells.get(cellOf(color));
    if (cell === undefined) cells.set(cellOf(color), [color]);
    else cell.push(color);
  }
  const members = [...cells.values()];
  const sumOf = (colors: readonly number[], value: (color: number) => number) =>
    colors.reduce((sum, color) => sum + value(color) * counts.get(color)!, 0);
  const weight = Float64Array.from(members, (colors) => sumOf(colors, () => 1));
  const mean = (shift: number) =>
    Float64Array.from(
      members,
      (colors, i) => sumOf(colors, (color) => color >> shift & 0xff) / weight[i]!,
    );
  return { members, weight, red: mean(16), green: mean(8), blue: mean(0) };
}
