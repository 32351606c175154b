/** Filters of Winograd's algorithm and their gradients; see `winograd`. */
import { loadSome, storeSome } from "./lanes.as";
import { storeFilter, storeTable, TABLE, tap0, tap1, tap2 } from "./winograd_points.as";

/** Bytes between planes, as those of powers of two would all meet in the same lines of the cache. */
export const GAP: usize = 64;

@inline
function roundUp(n: i32, to: i32): i32 { return (n + to - 1) / to * to; }

/**
 * transformed [36][outputs / 8][inputs][8] <- G filter G^T, channels filled up with zeros: inputs to fours,
 * outputs to eights, with the gap after each plane. `flipped`: the filter of the input gradient: taps reversed,
 * Ci and Co exchanged. `scratch` holds the table and 54 vectors.
 */
export function transformFilter(
  filter: usize, transformed: usize, scratch: usize, Ci: i32, Co: i32, flipped: bool,
): void {
  const inputs = roundUp(flipped ? Co : Ci, 4), outputs = roundUp(flipped ? Ci : Co, 8);
  const plane = (<usize>(inputs * outputs) << 2) + GAP;
  const tap = <usize>(Ci * Co) << 2;
  storeTable(scratch);
  if (plane - GAP != tap) memory.fill(transformed, 0, 36 * plane);
  for (let i = 0; i < Ci; i++) {
    for (let o = 0; o < Co; o += 4) {
      const left = Co - o;
      // Taps in their order, or in the reverse order.
      const first = filter + (<usize>(i * Co + o) << 2) + (flipped ? 8 * tap : 0);
      const next = flipped ? 0 - tap : tap;
      const columns = scratch + TABLE, values = columns + 18 * 16;
      for (let j: usize = 0; j < 3; j++) {
        const at = first + j * next;
        storeFilter(columns + 16 * j, 48, scratch, loadSome(at, left), loadSome(at + 3 * next, left),
          loadSome(at + 6 * next, left));
      }
      for (let row: usize = 0; row < 6; row++) {
        const at = columns + 48 * row;
        storeFilter(values + 96 * row, 16, scratch,
          v128.load(at), v128.load(at, 16), v128.load(at, 32));
      }
      if (flipped) {
        let to = transformed + (<usize>(((i >> 3) * inputs + o) * 8 + (i & 7)) << 2);
        for (let f: usize = 0; f < 36; f++, to += plane) {
          const v = v128.load(values + 16 * f);
          store<f32>(to, f32x4.extract_lane(v, 0));
          store<f32>(to, f32x4.extract_lane(v, 1), 32);
          store<f32>(to, f32x4.extract_lane(v, 2), 64);
          store<f32>(to, f32x4.extract_lane(v, 3), 96);
        }
      } else {
        let to = transformed + (<usize>(((o >> 3) * inputs + i) * 8 + (o & 7)) << 2);
        for (let f: usize = 0; f < 36; f++, to += plane) {
          v128.store(to, v128.load(values + 16 * f));
        }
      }
    }
  }
}

/** filterGrad [3][3][Ci][Co] <- G^T sums G, of sums [36][inputs][outputs] with the gap; `scratch`: 18 vectors, too. */
export function finishFilterGradient(
  sums: usize, filterGrad: usize, scratch: usize, Ci: i32, Co: i32,
): void {
  const inputs = roundUp(Ci, 4), outputs = roundUp(Co, 8);
  const plane = (<usize>(inputs * outputs) << 2) + GAP, row = 6 * plane;
  const tap = <usize>(Ci * Co) << 2;
  storeTable(scratch);
  const values = scratch + TABLE;
  for (let i = 0; i < Ci; i++) {
    for (let o = 0; o < Co; o += 4) {
      let p = sums + (<usize>(i * outputs + o) << 2), at = values;
      for (; at < values + 96; at += 16, p += plane) {
        const s1 = v128.load(p + row), s2 = v128.load(p + 2 * row);
        const s3 = v128.load(p + 3 * row), s4 = v128.load(p + 4 * row);
        const sumA = f32x4.add(s1, s2), sumB = f32x4.add(s3, s4);
        v128.store(at, tap0(scratch, v128.load(p), sumA, sumB));
        v128.store(at, tap1(scratch, f32x4.sub(s1, s2), f32x4.sub(s3, s4)), 96);
        v128.store(at, tap2(scratch, sumA, sumB, v128.load(p + 5 * row)), 192);
      }
      let to = filterGrad + (<usize>(i * Co + o) << 2);
      const left = Co - o;
      at = values;
      for (let ky = 0; ky < 3; ky++, at += 96, to += 3 * tap) {
        const s1 = v128.load(at, 16), s2 = v128.load(at, 32);
        const s3 = v128.load(at, 48), s4 = v128.load(at, 64);
        const sumA = f32x4.add(s1, s2), sumB = f32x4.add(s3, s4);
        storeSome(to, tap0(scratch, v128.load(at), sumA, sumB), left);
        storeSome(to + tap, tap1(scratch, f32x4.sub(s1, s2), f32x4.sub(s3, s4)), left);
        storeSome(to + 2 * tap, tap2(scratch, sumA, sumB, v128.load(at, 80)), left);
      }
    }
  }
}
