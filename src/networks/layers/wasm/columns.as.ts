/** Columns of matrices beside each other, and apart. */
import { loadSome, storeSome } from "./lanes.as";

/** Copies `columns` of each of `rows` rows; rows have `fromRow` and `toRow` floats. */
export function copyColumns(
  from: usize, to: usize, rows: i32, columns: i32, fromRow: i32, toRow: i32,
): void {
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < columns; c += 4) {
      const at = <usize>c << 2;
      storeSome(to + at, loadSome(from + at, columns - c), columns - c);
    }
    from += <usize>fromRow << 2;
    to += <usize>toRow << 2;
  }
}
